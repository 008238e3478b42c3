"""Choose devices, number formats and thread counts, and measure memory."""

import functools
import gc
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import torch

from core.errors import UserError

SMALL_MODEL_PARAMETERS = 50_000_000  # parameters
TUNING_THREADS = 4  # for a small model; larger numbers were not measured


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is the first CUDA device, else the CPU.

    Raises UserError when the device does not exist.
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
    """The number of CUDA devices; querying it allocates no memory on them."""
    return torch.cuda.device_count()


def device_memory() -> list[tuple[str, int, int]]:
    """(name, total bytes, free bytes) of every CUDA device, in torch's order."""
    found = []
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        found.append((f"cuda:{number} {torch.cuda.get_device_name(number)}", total, free))
    return found


def choose_dtype(device: torch.device, name: str = "auto") -> torch.dtype:
    """The dtype of the weights: "auto" is bf16 on a GPU (fp16 without bf16 support), fp32 on the CPU.

    Raises UserError for a name other than "auto", "bf16", "fp16" and "fp32".
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


def choose_threads(weights: torch.nn.Module, *, max_threads: int = 1) -> None:
    """Limit torch to ``most`` threads for a small model on the CPU; otherwise restore the number it started with.

    A small model's work for one token is shorter than the synchronisation with a second thread (measured in
    ``assets/decisions/0016``). Process-wide, so call it whenever a model is put to use.
    """
    started_with = _threads_at_start()
    place = next((parameter.device.type for parameter in weights.parameters()), "cpu")
    small = sum(parameter.numel() for parameter in weights.parameters()) < SMALL_MODEL_PARAMETERS
    torch.set_num_threads(min(max_threads, started_with) if small and place == "cpu" else started_with)


@functools.cache
def _threads_at_start() -> int:
    return torch.get_num_threads()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether the error means that the memory of a device, or of the machine, was too small."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def free_memory() -> None:
    """Release cached memory; call it where no exception holds a forward's tensors any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def reset_peak_memory(device: torch.device) -> None:
    """Reset ``peak_memory`` (on the CPU only where the system allows it)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory(device: torch.device) -> int:
    """The peak in bytes since ``reset_peak_memory``: on a GPU as torch reports it, on the CPU of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def memory_capacity(device: torch.device) -> int:
    """The memory of the device in bytes; for the CPU the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
