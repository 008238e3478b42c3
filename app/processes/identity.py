"""Which process is which: a process id together with its start time, because ids are used again.

The start time counts from the machine's own start, so that a clock that is set changes nothing; which start of which
machine is part of the number, because after a reboot, or in a folder that was copied to another machine, the same id
may have started at the same tick. Reads ``/proc`` where there is one (Linux) and asks ``ps`` elsewhere; knows nothing
of jobs.
"""

import hashlib
import os
import subprocess  # one call, of ps  # nosec B404
import time
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TICK_BITS = 36  # at 100 ticks a second, 21 years without a reboot; with 16 bits more a float holds it exactly


def process_start(pid: int) -> float | None:
    """When the process started (an opaque number that only equality means something for), or None when it is gone."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # no shell, a number  # nosec B603
    try:
        return time.mktime(time.strptime(shown.stdout.strip()))
    except ValueError:
        return None


def is_alive(pid: int, started: float) -> bool:
    """Whether the process that had this id and start time still runs."""
    return process_start(pid) == started


def own_start() -> float:
    """This process's start time."""
    started = process_start(os.getpid())
    assert started is not None
    return started


def _from_proc(pid: int) -> float | None:
    """Field 22 of ``/proc/PID/stat``: clock ticks between boot and the start, behind 16 bits of the boot's own name. A
    zombie has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else float(_boot() << TICK_BITS | int(fields[19]))


def _boot() -> int:
    """16 bits that another boot, or another machine, hardly shares."""
    name = BOOT_ID.read_bytes() if BOOT_ID.exists() else b""
    return int.from_bytes(hashlib.sha256(name).digest()[:2])
