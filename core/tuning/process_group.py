"""A process group of torch as a tuning run uses it: who is in it, one sum for each update, and agreement.

Several processes, each with the whole student, learn each its share of every update. What fails in one of them fails in
all, with one sentence. Knows neither students nor runs, and not who began the processes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from core.errors import UserError, single_line
from core.models.devices import choose_device

# For one that hangs. The end of one is noticed at once: its connections close, and its launcher ends the others.
LONGEST_WAIT = timedelta(minutes=30)
AT_ONCE = 2**25  # numbers that are summed together, 128 MB: more would only be a second copy of all gradients
Found = TypeVar("Found")


class ElsewhereError(UserError):
    """Another process of the group has failed, and says so itself unless it was killed."""


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """This process among those that tune together: number ``rank`` (from 0) of ``size``; ``device`` is its own.

    Every process has to call the same methods in the same order. Without a process group it is one of one, and nothing
    is sent.
    """

    rank: int
    size: int
    device: torch.device

    def each(self, find: Callable[[], Found]) -> list[Found]:
        """What ``find`` returns in every process, by rank; small, since all of it is sent to all.

        Where it raises in one, that one raises the same and the others an ElsewhereError with its sentence.
        """
        if self.size == 1:
            return [find()]
        own, failed = None, None
        try:
            own = find()
        except Exception as error:  # whatever it is, the others must hear of it, or they would wait
            failed = error
        said: list[tuple[Any, str | None]] = [(None, None)] * self.size
        with reached(self.size):
            distributed.all_gather_object(said, (own, None if failed is None else _sentence(failed)))
        if failed is not None:
            raise failed
        for _, sentence in said:
            if sentence is not None:
                raise ElsewhereError(sentence)
        return [found for found, _ in said]

    def alike(self, do: Callable[[], Found]) -> Found:
        """What ``do`` returns here, once it has returned in every process; raises as ``each`` does."""
        kept: list[Found] = []
        self.each(lambda: kept.append(do()))
        return kept[0]

    def first(self, ask: Callable[[], Found]) -> Found:
        """What ``ask`` returns in process 0, which alone calls it; raises as ``each`` does."""
        answers: list[Any] = self.each(lambda: ask() if self.rank == 0 else None)
        found: Found = answers[0]
        return found

    def sum_gradients(self, parameters: Sequence[torch.Tensor]) -> None:
        """Each parameter's gradient becomes its sum over the processes; where none has one there stays none."""
        if self.size == 1:
            return
        known = torch.tensor([float(each.grad is not None) for each in parameters], device=self.device)
        self._sum(known)
        # AdamW moves along its memory where a gradient is zero, and leaves alone what has none.
        learned = [each for each, here in zip(parameters, known.tolist(), strict=True) if here]
        for each in learned:
            if each.grad is None:
                each.grad = torch.zeros_like(each)
        for some in _together([each.grad for each in learned if each.grad is not None]):
            flat = torch.cat([each.flatten().to(self.device, torch.float32) for each in some])
            self._sum(flat)
            for each, summed in zip(some, torch.split(flat, [each.numel() for each in some]), strict=True):
                each.copy_(summed.view_as(each))

    @torch.no_grad()
    def share_weights(self, parameters: Sequence[torch.Tensor]) -> None:
        """All begin with the parameters of process 0: another machine may have drawn others from the same seed."""
        for each in parameters if self.size > 1 else ():
            sent = each.detach().to(self.device).contiguous()
            with reached(self.size):
                distributed.broadcast(sent, src=0)
            each.copy_(sent)

    def _sum(self, numbers: torch.Tensor) -> None:
        with reached(self.size):
            distributed.all_reduce(numbers)
            if numbers.device.type == "cuda":
                torch.cuda.synchronize(numbers.device)  # so that what fails there is raised here


def process_group(device: str = "auto") -> ProcessGroup:
    """This process in the process group that torch has been given, or by itself; ``device`` as in ``choose_device``.

    In a group a GPU becomes the one that torch uses here by itself. Raises UserError where the device is not there.
    """
    place = choose_device(device)
    if not distributed.is_available() or not distributed.is_initialized():
        return ProcessGroup(rank=0, size=1, device=place)
    if place.type == "cuda":
        place = torch.device("cuda", torch.cuda.current_device() if place.index is None else place.index)
        torch.cuda.set_device(place)
    return ProcessGroup(rank=distributed.get_rank(), size=distributed.get_world_size(), device=place)


@contextmanager
def joined(device: str = "auto") -> Iterator[str]:
    """In the process group that a launcher's environment names (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and _PORT).

    Yields the device of this process: with "auto" or "cuda" each has a GPU of its own. They are joined by NCCL on GPUs,
    else by gloo. Raises UserError where the device is not there, or no GPU is left for this process. After an error in
    the block the process has to end.
    """
    place = choose_device(device)
    if str(place) == "cuda":
        number = int(os.environ["LOCAL_RANK"])
        if number >= torch.cuda.device_count():
            raise UserError(
                f"This machine has {torch.cuda.device_count()} GPUs: choose as many processes, or the device 'cpu'."
            )
        place = torch.device("cuda", number)
    if place.type == "cuda":
        torch.cuda.set_device(place)
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    yield str(place)
    # Not where something failed: that would wait for the others, who wait for this one. Its end tells them.
    distributed.destroy_process_group()


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else single_line(f"{type(error).__name__}: {error}")


def _together(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """The tensors in their order, some at a time."""
    some: list[torch.Tensor] = []
    for each in tensors:
        if some and sum(one.numel() for one in some) + each.numel() > AT_ONCE:
            yield some
            some = []
        some.append(each)
    if some:
        yield some


@contextmanager
def reached(size: int) -> Iterator[None]:
    """A sentence where another of ``size`` processes is gone; any other error as it is."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, distributed.DistError) or "gloo" in str(error)):  # gloo has no class of its own
            raise
        raise ElsewhereError(
            f"One of the {size} processes that tune together has ended or can no longer be reached: resume, and the "
            "run goes on from its newest checkpoint."
        ) from error
