"""Which process is which: a process id together with its start time, because ids are used again.

Reads ``/proc`` where there is one (Linux) and asks ``ps`` elsewhere; knows nothing of jobs.
"""

import os
import subprocess
import time
from pathlib import Path


def process_start(pid: int) -> float | None:
    """When the process started (an opaque number that only equality means something for), or None when it is gone."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
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
    """Field 22 of ``/proc/PID/stat``: clock ticks between boot and the start. A zombie has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else float(fields[19])
