"""Where a model runs, in which number format, and what its failures there mean to a person.

Knows torch and no model.
"""

import functools
import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import torch

from core.errors import UserError

SMALL = 50_000_000  # parameters
TUNING_THREADS = 4  # of a small model, whose updates are long enough to be shared; more were never measured


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


def gpu_count() -> int:
    """How many CUDA devices there are; asking takes no memory on them."""
    return torch.cuda.device_count()


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


def choose_threads(weights: torch.nn.Module, *, most: int = 1) -> None:
    """Gives torch at most ``most`` threads where the model is small and on the processor, else as many as it started
    with.

    What a small model does for one token is shorter than the wait for a second thread (measured in
    ``assets/decisions/0016``). It holds for the process: call it when a model is taken up.
    """
    started_with = _threads_at_start()
    place = next((parameter.device.type for parameter in weights.parameters()), "cpu")
    small = sum(parameter.numel() for parameter in weights.parameters()) < SMALL
    torch.set_num_threads(min(most, started_with) if small and place == "cpu" else started_with)


@functools.cache
def _threads_at_start() -> int:
    return torch.get_num_threads()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether the error says that a device's memory was too small, or the machine's."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def free_memory() -> None:
    """Gives back what torch holds and nothing uses; call it where no exception still holds a forward's tensors."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def forget_peak(device: torch.device) -> None:
    """From here on ``peak_memory`` counts anew (on a processor: where the system lets a process do that)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory(device: torch.device) -> int:
    """The most bytes taken since ``forget_peak``: on a GPU by torch, on a processor by the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory_capacity(device: torch.device) -> int:
    """How many bytes the device has; on a processor the machine."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
