"""Where a model runs, in which number format, and what its failures there mean to a person.

Knows torch and no model.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.errors import UserError

SMALL = 50_000_000  # parameters


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is the first CUDA device, else the processor.

    Raises UserError when the named device is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"This machine has no device {name!r}; choose 'auto', 'cpu' or 'cuda'.") from error
    return device


def device_memory() -> list[tuple[str, int, int]]:
    """(name, bytes of memory, bytes free) of every CUDA device, in torch's order; [] where there is none."""
    found = []
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        found.append((f"cuda:{number} {torch.cuda.get_device_name(number)}", total, free))
    return found


def choose_dtype(device: torch.device, name: str = "auto") -> torch.dtype:
    """The format of the weights: "auto" is bf16 on a GPU (fp16 where it has none), fp32 on the processor.

    Raises UserError for a name that is none of "auto", "bf16", "fp16" and "fp32".
    """
    if name == "auto":
        if device.type == "cpu":
            return torch.float32
        has_bfloat = device.type != "cuda" or torch.cuda.is_bf16_supported()
        return torch.bfloat16 if has_bfloat else torch.float16
    dtypes = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if name not in dtypes:
        raise UserError(f"{name!r} is no number format; choose 'auto', {', '.join(map(repr, dtypes))}.")
    return dtypes[name]


def choose_threads(weights: torch.nn.Module) -> None:
    """Gives torch one thread where the model is small and on the processor, else as many as it started with.

    A small model's operations are shorter than the wait for a second thread, and on a busy machine threads spin for
    each other (measured in ``assets/decisions/0016``). It holds for the process: call it when a model is taken up.
    """
    started_with = _threads_at_start()
    place = next((parameter.device.type for parameter in weights.parameters()), "cpu")
    small = sum(parameter.numel() for parameter in weights.parameters()) < SMALL
    torch.set_num_threads(1 if small and place == "cpu" else started_with)


@functools.cache
def _threads_at_start() -> int:
    return torch.get_num_threads()


@contextmanager
def memory_explained(batch_size: int) -> Iterator[None]:
    """Turns running out of GPU memory inside the block into a UserError that names the batch size as the way on."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"The GPU's memory is too small for batches of {batch_size}; choose a smaller batch size and start again."
        ) from error
