"""Starts the worker of a data directory, and finds the one that runs, without importing any job.

A lock allows one worker per data directory. ``worker.lock`` says which process it is; it touches the file every few
seconds, so that a worker which runs no more, though its process is there, is seen as stalled. The file's time is that
of the monotonic clock, which all processes of a machine share and which nobody sets.
"""

import os
import subprocess  # one call, to start the worker  # nosec B404
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.processes.child_environment import child_environment
from app.processes.directory_lock import directory_lock
from app.processes.identity import is_alive, own_start
from app.settings import logs_folder
from core.errors import FolderError
from storage.errors import folder_error

# The last worker started by this process and when, by data directory.
_starting: dict[Path, tuple["subprocess.Popen[bytes]", float]] = {}
_one_at_a_time = threading.Lock()

HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 30.0


def worker_pid(data: Path) -> int | None:
    """The process id of the worker that serves ``data``, or None when none runs.

    Reads the lock file without taking the lock, so that looking never keeps a worker from starting.
    """
    try:
        pid, started = (data / "worker.lock").read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if is_alive(int(pid), float(started)) else None


def stalled_worker(data: Path) -> str:
    """A sentence about a worker whose process is there and has not run for a while; "" if it runs or there is none."""
    pid = worker_pid(data)
    try:
        silent = time.monotonic() - (data / "worker.lock").stat().st_mtime
    except OSError:
        return ""
    if pid is None or silent <= STALLED_SECONDS:
        return ""
    return (
        f"The worker (process {pid}) has not run for {silent // 60:.0f} min {silent % 60:.0f} s: it was stopped. "
        f"`kill -CONT {pid}` lets it go on; after `kill -9 {pid}` a new one takes up its job."
    )


def ensure_worker(data: Path) -> bool:
    """Start a detached worker after a job was queued; returns False where one runs or is being started already.

    Raises FolderError where no worker can start; the queued job then waits for one.
    """
    data = data.resolve()
    with _one_at_a_time:
        if worker_pid(data) is not None or _is_starting(data):
            return False
        _starting[data] = (_start_worker(data), time.monotonic())
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
        _touch(data / "worker.lock")
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
    """Hold the worker's lock of ``data``, and keep ``worker.lock`` fresh.

    Raises LockHeldError where another worker holds it, FolderError for an unusable folder.
    """
    held = f"A worker already serves {data}: `switchpoint status` shows its jobs."
    ended = threading.Event()
    with _translate_errors(data), ExitStack() as stack:
        data.mkdir(parents=True, exist_ok=True)
        stack.enter_context(directory_lock(data, held))
        _beat(data)
        locked = stack.pop_all()
    beating = threading.Thread(target=_keep_beating, args=(data, ended), daemon=True)
    beating.start()
    with locked:
        try:
            yield
        finally:
            ended.set()
            beating.join()
            with suppress(OSError):
                (data / "worker.lock").write_text("")


def _keep_beating(data: Path, ended: threading.Event) -> None:
    while not ended.wait(HEARTBEAT_SECONDS):
        with suppress(OSError):  # a full disk, or the directory is away: the lock itself is held all the same
            _beat(data)


def _beat(data: Path) -> None:
    """Say in ``worker.lock`` that this worker runs; the time of the file says when it last did."""
    path, said = data / "worker.lock", f"{os.getpid()} {own_start()}".encode()
    if not path.exists() or path.read_bytes() != said:
        path.write_bytes(said)
    _touch(path)


def _touch(path: Path) -> None:
    now = time.monotonic_ns()
    os.utime(path, ns=(now, now))


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
