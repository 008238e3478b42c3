"""torch's process group as a tuning run uses it: ranks, gradient sums, and errors shared by all processes.

Each process has the whole student and learns a share of every update. When one fails, all fail with the same sentence.
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

# For a process that hangs; one that ends is noticed at once, and its launcher ends the others.
TIMEOUT = timedelta(minutes=30)
BUCKET_NUMEL = 2**25  # numbers summed together (128 MB)
T = TypeVar("T")


class OtherProcessError(UserError):
    """Another process of the group failed; it reports the error itself unless it was killed."""


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """This process's ``rank`` (from 0) among ``size`` processes; ``device`` is its own.

    Every process must call the same methods in the same order. Without a process group, ``size`` is 1 and nothing is
    sent.
    """

    rank: int
    size: int
    device: torch.device

    def all_gather(self, find: Callable[[], T]) -> list[T]:
        """What ``find`` returns in every process, by rank; keep it small, since all of it is sent to all.

        When it raises in one process, that process raises the same, and the others an OtherProcessError with its
        message.
        """
        if self.size == 1:
            return [find()]
        own, failed = None, None
        try:
            own = find()
        except Exception as error:  # any error: the others would wait forever
            failed = error
        gathered: list[tuple[Any, str | None]] = [(None, None)] * self.size
        with translate_errors(self.size):
            distributed.all_gather_object(gathered, (own, None if failed is None else _sentence(failed)))
        if failed is not None:
            raise failed
        for _, sentence in gathered:
            if sentence is not None:
                raise OtherProcessError(sentence)
        return [found for found, _ in gathered]

    def run_on_all(self, do: Callable[[], T]) -> T:
        """What ``do`` returns here, once it has returned in every process; raises as ``all_gather`` does."""
        kept: list[T] = []
        self.all_gather(lambda: kept.append(do()))
        return kept[0]

    def run_on_first(self, ask: Callable[[], T]) -> T:
        """What ``ask`` returns in process 0, the only one to call it; raises as ``all_gather`` does."""
        answers: list[Any] = self.all_gather(lambda: ask() if self.rank == 0 else None)
        found: T = answers[0]
        return found

    def sum_gradients(self, parameters: Sequence[torch.Tensor]) -> None:
        """Replace each gradient by its sum over the processes; it stays None where no process has one."""
        if self.size == 1:
            return
        known = torch.tensor([float(each.grad is not None) for each in parameters], device=self.device)
        self._sum(known)
        # AdamW moves a parameter by its momentum when the gradient is zero, but skips it when there is none.
        learned = [each for each, here in zip(parameters, known.tolist(), strict=True) if here]
        for parameter in learned:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets([each.grad for each in learned if each.grad is not None]):
            flat = torch.cat([each.flatten().to(self.device, torch.float32) for each in bucket])
            self._sum(flat)
            for parameter, summed in zip(bucket, torch.split(flat, [each.numel() for each in bucket]), strict=True):
                parameter.copy_(summed.view_as(parameter))

    @torch.no_grad()
    def share_weights(self, parameters: Sequence[torch.Tensor]) -> None:
        """Copy the parameters of process 0 to all: the same seed can give other values on another machine."""
        for parameter in parameters if self.size > 1 else ():
            sent = parameter.detach().to(self.device).contiguous()
            with translate_errors(self.size):
                distributed.broadcast(sent, src=0)
            parameter.copy_(sent)

    def _sum(self, numbers: torch.Tensor) -> None:
        with translate_errors(self.size):
            distributed.all_reduce(numbers)
            if numbers.device.type == "cuda":
                torch.cuda.synchronize(numbers.device)  # so that its errors are raised here


def process_group(device: str = "auto") -> ProcessGroup:
    """This process in torch's process group, or alone without one; ``device`` as in ``choose_device``.

    In a group, "cuda" becomes torch's current GPU. Raises UserError when the device does not exist.
    """
    place = choose_device(device)
    if not distributed.is_available() or not distributed.is_initialized():
        return ProcessGroup(rank=0, size=1, device=place)
    if place.type == "cuda":
        place = torch.device("cuda", torch.cuda.current_device() if place.index is None else place.index)
        torch.cuda.set_device(place)
    return ProcessGroup(rank=distributed.get_rank(), size=distributed.get_world_size(), device=place)


@contextmanager
def join_process_group(device: str = "auto") -> Iterator[str]:
    """Join the process group that a launcher's environment describes (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR,
    MASTER_PORT).

    Yields this process's device: with "auto" or "cuda" each has its own GPU. Uses NCCL on GPUs, else gloo. Raises
    UserError when the device does not exist or no GPU is left. After an error in the block the process must exit.
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
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=TIMEOUT)
    yield str(place)
    # Not after an error: it would wait for the others, which wait for this one. They notice its exit.
    distributed.destroy_process_group()


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else single_line(f"{type(error).__name__}: {error}")


def _buckets(tensors: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """The tensors in order, in lists of at most ``BUCKET_NUMEL`` numbers."""
    bucket: list[torch.Tensor] = []
    for tensor in tensors:
        if bucket and sum(one.numel() for one in bucket) + tensor.numel() > BUCKET_NUMEL:
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket


@contextmanager
def translate_errors(size: int) -> Iterator[None]:
    """Turn the loss of another of ``size`` processes into a sentence; other errors pass through."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, distributed.DistError) or "gloo" in str(error)):  # gloo has no error class
            raise
        raise OtherProcessError(
            f"One of the {size} processes that tune together has ended or can no longer be reached: resume, and the "
            "run goes on from its newest checkpoint."
        ) from error
