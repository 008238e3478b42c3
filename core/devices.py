"""Where a model runs, in which number format, and what its failures there mean to a person.

Knows torch and no model.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.errors import UserError


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
    """The format of the weights: "auto" is bfloat16 on a GPU (float16 where it has none), float32 on the processor.

    Raises UserError for a name that is no floating-point format of torch.
    """
    if name == "auto":
        if device.type == "cpu":
            return torch.float32
        has_bfloat = device.type != "cuda" or torch.cuda.is_bf16_supported()
        return torch.bfloat16 if has_bfloat else torch.float16
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise UserError(f"{name!r} is no number format of torch; choose 'auto', 'float32', 'bfloat16' or 'float16'.")
    return dtype


@contextmanager
def memory_explained(batch_size: int) -> Iterator[None]:
    """Turns running out of GPU memory inside the block into a UserError that names the batch size as the way on."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"The GPU's memory is too small for batches of {batch_size}; choose a smaller batch size and start again."
        ) from error
