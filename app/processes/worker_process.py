"""Starting a worker and finding the one that serves a data directory, without importing any job.

A file lock holds one worker per data directory; the operating system releases it however the process ends.
"""

import fcntl
import os
import subprocess  # one call, to start the worker  # nosec B404
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.processes.identity import is_alive, own_start
from app.settings import PACKAGE_ROOT, logs_folder
from core.errors import FolderError, UserError
from storage.errors import fault_told

# The last worker started from this process, by data directory, and when.
_starting: dict[Path, tuple["subprocess.Popen[bytes]", float]] = {}
_one_at_a_time = threading.Lock()


class LockHeldError(UserError):
    """Another worker serves this data directory."""


def worker_pid(data: Path) -> int | None:
    """The process id of the worker that serves ``data``, or None when none runs.

    Looks at who is written in the lock file and whether that process lives; it takes no lock, so that looking never
    keeps a worker from starting.
    """
    try:
        pid, started = (data / "worker.lock").read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if is_alive(int(pid), float(started)) else None


def ensure_worker(data: Path) -> bool:
    """Start a detached worker unless one serves ``data`` or is being started from here (returns whether it did); call
    it after queueing a job.

    Raises FolderError where a worker could not begin; the queued job then waits for one that can.
    """
    data = data.resolve()
    with _one_at_a_time:
        if worker_pid(data) is not None or _is_starting(data):
            return False
        _starting[data] = (_started(data), time.time())
    # Somebody must take note of its end, or it stays a zombie for as long as the app runs.
    threading.Thread(target=_starting[data][0].wait, daemon=True).start()
    return True


def _is_starting(data: Path) -> bool:
    """Whether the last worker started from this process has not come to its lock yet: it loads its libraries for
    seconds, and every job queued meanwhile would start another that loads them too."""
    process, since = _starting.get(data, (None, 0.0))
    lock = data / "worker.lock"
    return process is not None and process.poll() is None and not (lock.exists() and lock.stat().st_mtime > since)


def _started(data: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app", "--data", str(data), "worker", "--leave-when-idle"]
    path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    with _sentences(data), (logs_folder(data) / "worker.log").open("ab") as output, (data / "worker.lock").open("a"):
        return subprocess.Popen(  # our own command, as a list, without a shell  # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": path},
        )


@contextmanager
def worker_lock(data: Path) -> Iterator[None]:
    """Be the worker of ``data``; ``LockHeldError`` when another process is, FolderError where nobody can be."""
    with _sentences(data):
        data.mkdir(parents=True, exist_ok=True)
        opened = (data / "worker.lock").open("a+")
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(f"A worker already serves {data}: `switchpoint status` shows its jobs.") from None
        file.truncate(0)
        file.write(f"{os.getpid()} {own_start()}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


@contextmanager
def _sentences(data: Path) -> Iterator[None]:
    """Errors of the system in sentences."""
    try:
        yield
    except OSError as error:
        told = fault_told(error, data)
        raise told or FolderError(f"No worker can begin in {data} ({error}): put that right, the job waits.") from error
