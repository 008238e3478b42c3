"""A real app on a real data directory, as a process of its own, for tests that talk to it over HTTP or in Chromium."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_SECONDS = 90.0
APP = ("-m", "app")  # how Python is told to run it


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running app: where it listens, which data it serves, and its process."""

    url: str
    data: Path
    pid: int


@contextmanager
def serving(data: Path, *options: str, run: Sequence[str] = APP, **variables: str) -> Iterator[Served]:
    """The app on a free port until the block ends; its worker is ended too, by the process id it wrote down.

    Its page reads the files of this run of the tests, which lie beside the data directory.
    """
    port = free_port()
    process = start_app(data, port, *options, run=run, **variables)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process, data)
        yield Served(url=url, data=data, pid=process.pid)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait()
        _end_worker(data)


def start_app(
    data: Path, port: int, *options: str, run: Sequence[str] = APP, **variables: str
) -> "subprocess.Popen[bytes]":
    """The app's process, begun on that port; what it says is added to ``server.log``."""
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, *run, "--data", str(data), "serve", "--port", str(port), *options]
    own = {"OMP_NUM_THREADS": "1", "SWITCHPOINT_ROOTS": f"{data.parent.parent}{os.pathsep}{ROOT}"}
    with (data / "server.log").open("ab") as log:
        said = {"stdout": log, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | own | variables, **said)


def wait_for(url: str, process: subprocess.Popen[bytes], data: Path) -> None:
    """Wait until the app answers."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the app ended: {(data / 'server.log').read_text()[-2000:]}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"the app did not answer within {TIMEOUT_SECONDS:.0f} s")


def _end_worker(data: Path) -> None:
    from app.processes.worker_process import worker_pid

    pid = worker_pid(data)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
