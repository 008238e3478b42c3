"""How a job reports its progress and stops: what it yields, and the callbacks between it and its caller."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

BUG_MESSAGE = "A bug in Switchpoint stopped this job"

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - no error: the user (or the end of the worker) asked for it
    """The job was stopped, between two batches or before a request to an endpoint."""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """One batch of a job: ``save`` writes it, and ``done`` of ``total`` items are done then (one transaction)."""

    save: Callable[[Connection], Any]
    done: int
    total: int
    message: str = ""


ProgressCallback = Callable[[Advance], None]
"""Called with each advance of work that is not a job."""

ShouldStop = Callable[[], bool]
"""Whether the job was asked to stop."""

CheckStopped = Callable[[], None]
"""Called before each request to an endpoint; raises ``Stopped`` once the job was asked to stop."""


def nothing_to_save(done: int, total: int, message: str = "") -> Advance:
    """Progress without anything to write."""
    return Advance(save=lambda _: None, done=done, total=total, message=message)


def nothing_left(total: int) -> Advance:
    """The progress of a job whose ``total`` items were all done before it began."""
    return nothing_to_save(total, total)


def raise_if_stopped(should_stop: ShouldStop) -> None:
    """Raises ``Stopped`` where the job was asked to stop."""
    if should_stop():
        raise Stopped


def never_stopped() -> None:
    """A ``CheckStopped`` for work that nobody can stop."""


def stop_between(should_stop: ShouldStop, batches: Iterator[T]) -> Iterator[T]:
    """The batches. Raises ``Stopped`` after the batch (saved by then) during which the job was asked to stop."""
    for batch in batches:
        yield batch
        raise_if_stopped(should_stop)
