"""Starts the worker of a data directory, and finds the one that runs, without importing any job.

A file lock (``worker.lock``) allows one worker per data directory; the system releases it however the process ends.
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

from app.processes.child_environment import child_environment
from app.processes.identity import is_alive, own_start
from app.settings import logs_folder
from core.errors import FolderError, UserError
from storage.errors import folder_error

# The last worker started by this process and when, by data directory.
_starting: dict[Path, tuple["subprocess.Popen[bytes]", float]] = {}
_one_at_a_time = threading.Lock()


class LockHeldError(UserError):
    """Another worker serves this data directory."""


def worker_pid(data: Path) -> int | None:
    """The process id of the worker that serves ``data``, or None when none runs.

    Reads the lock file without taking the lock, so that looking never keeps a worker from starting.
    """
    try:
        pid, started = (data / "worker.lock").read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if is_alive(int(pid), float(started)) else None


def ensure_worker(data: Path) -> bool:
    """Start a detached worker after a job was queued; returns False where one runs or is being started already.

    Raises FolderError where no worker can start; the queued job then waits for one.
    """
    data = data.resolve()
    with _one_at_a_time:
        if worker_pid(data) is not None or _is_starting(data):
            return False
        _starting[data] = (_start_worker(data), time.time())
    # Waited for, or it would stay a zombie after its end, as long as the app runs.
    threading.Thread(target=_starting[data][0].wait, daemon=True).start()
    return True


def _is_starting(data: Path) -> bool:
    """Whether the last worker started by this process has not taken its lock yet.

    Loading its libraries takes seconds, in which every job that is queued would start another worker.
    """
    process, since = _starting.get(data, (None, 0.0))
    lock = data / "worker.lock"
    return process is not None and process.poll() is None and not (lock.exists() and lock.stat().st_mtime > since)


def _start_worker(data: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app", "--data", str(data), "worker", "--leave-when-idle"]
    with (
        _translate_errors(data),
        (logs_folder(data) / "worker.log").open("ab") as output,
        (data / "worker.lock").open("a"),
    ):
        return subprocess.Popen(  # our own command, as a list, without a shell  # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=child_environment(),
        )


@contextmanager
def worker_lock(data: Path) -> Iterator[None]:
    """Hold the worker's lock of ``data``. Raises LockHeldError where another worker does, FolderError for an unusable
    folder."""
    with _translate_errors(data):
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
def _translate_errors(data: Path) -> Iterator[None]:
    """Raise an OSError as a FolderError with a sentence for the user."""
    try:
        yield
    except OSError as error:
        fault = folder_error(error, data)
        raise fault or FolderError(
            f"No worker can begin in {data} ({error}): put that right, the job waits."
        ) from error
