"""What a job yields: batches to save with how far it is, and how it stops between two of them. Knows no job."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

BUG = "A bug in Switchpoint stopped this job"


Stop = Callable[[], bool]
Batch = TypeVar("Batch")


class Stopped(Exception):  # noqa: N818 - no error: the person (or the end of the worker) asked for it
    """The job stopped between two batches because ``stop`` said so."""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """One batch: ``save`` writes it; ``done`` of ``total`` counts it. Both go into one transaction."""

    save: Callable[[Connection], Any]
    done: int
    total: int
    message: str = ""


def nothing_to_save(done: int, total: int, message: str = "") -> Advance:
    """How far a job is, without anything to write."""
    return Advance(save=lambda _: None, done=done, total=total, message=message)


def looking(stop: Stop) -> Callable[[], None]:
    """What is called before each request to an endpoint: it ends the job as soon as somebody asks for that."""

    def look() -> None:
        if stop():
            raise Stopped

    return look


def until(stop: Stop, batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches, ended by ``Stopped`` once the batch before has been saved and ``stop()`` is true."""
    for batch in batches:
        yield batch
        if stop():
            raise Stopped


def nothing_left(total: int) -> Advance:
    """All of ``total`` was there already; no model is loaded to find that out."""
    return nothing_to_save(total, total)
