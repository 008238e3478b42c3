"""The identity of a process: its id together with its start time, because the system reuses ids.

On Linux the start time is read from ``/proc``. It counts from boot, so that setting the clock changes nothing, and is
combined with bits of the boot id, because after a reboot or on another machine the same process id may have started at
the same tick. Elsewhere ``ps`` is asked.
"""

import hashlib
import os
import subprocess  # one call, of ps  # nosec B404
import time
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TICK_BITS = 36  # at 100 ticks a second, 21 years without a reboot; with 16 bits more a float holds it exactly


def process_start(pid: int) -> float | None:
    """When the process started, as an opaque number to compare for equality; None when it has ended."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # no shell, a number  # nosec B603
    try:
        return time.mktime(time.strptime(shown.stdout.strip()))
    except ValueError:
        return None


def is_alive(pid: int, started: float) -> bool:
    """Whether the process with this id and start time still runs."""
    return process_start(pid) == started


def own_start() -> float:
    """This process's start time."""
    started = process_start(os.getpid())
    assert started is not None
    return started


def _from_proc(pid: int) -> float | None:
    """Field 22 of ``/proc/PID/stat`` (clock ticks from boot to start) below bits of the boot id; None for zombies."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else float(_boot_bits() << TICK_BITS | int(fields[19]))


def _boot_bits() -> int:
    """16 bits of a hash of the boot id: another boot, or another machine, hardly shares them."""
    name = BOOT_ID.read_bytes() if BOOT_ID.exists() else b""
    return int.from_bytes(hashlib.sha256(name).digest()[:2])
