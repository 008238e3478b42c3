"""A real app on a real data directory, as a process of its own, for tests that talk to it over HTTP or in Chromium."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.servers.preloaded_app import PreloadedApp

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_SECONDS = 90.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05
APP = ("-m", "app")  # how Python is told to run it

_preloaded = PreloadedApp()
_ports = [0]  # an app gets the last one's port if it can: a browser keeps what it has loaded from there


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running app: where it listens, which data it serves, and its process."""

    url: str
    data: Path
    pid: int


@contextmanager
def serving(data: Path, *options: str, run: Sequence[str] = APP, **variables: str) -> Iterator[Served]:
    """The app on a free port until the block ends, and with it its worker.

    Its page reads the files of this run of the tests, which lie beside the data directory.
    """
    _ports.append(free_port(_ports[-1]))
    port = _ports[-1]
    process = start_app(data, port, *options, run=run, **variables)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process, data)
        yield Served(url=url, data=data, pid=process.pid)
    finally:
        stop_app(process, data)


def start_app(data: Path, port: int, *options: str, run: Sequence[str] = APP, **variables: str) -> psutil.Process:
    """The app's process, just started; its output is appended to ``server.log``.

    It is a fork of a process that has imported the app, unless ``run`` or ``PYTHONPATH`` asks for a Python of its own.
    """
    data.mkdir(parents=True, exist_ok=True)
    arguments = ["--data", str(data), "serve", "--port", str(port), *options]
    own = {"OMP_NUM_THREADS": "1", "SWITCHPOINT_ROOTS": f"{data.parent.parent}{os.pathsep}{ROOT}"}
    environment = os.environ | own | variables
    if run == APP and "PYTHONPATH" not in variables:
        return _preloaded.fork(arguments, environment, data / "server.log")
    with (data / "server.log").open("ab") as log:
        return psutil.Popen(
            [sys.executable, *run, *arguments], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )


def stop_app(process: psutil.Process, data: Path) -> None:
    """End the app and whatever works on its data directory, and wait for their ends."""
    workers = [each for each in psutil.process_iter() if _works_on(each, data)]
    for each in (process, *workers):
        with suppress(psutil.NoSuchProcess):
            each.terminate()
    _, left = psutil.wait_procs([process, *workers], timeout=STOP_SECONDS)
    for each in left:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(left, timeout=STOP_SECONDS)


def _works_on(process: psutil.Process, data: Path) -> bool:
    with suppress(psutil.Error):
        command = process.cmdline()
        return "worker" in command and str(data.resolve()) in command
    return False


def wait_for(url: str, process: psutil.Process, data: Path) -> None:
    """Wait until the app answers."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            raise AssertionError(f"the app ended: {(data / 'server.log').read_text()[-2000:]}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"the app did not answer within {TIMEOUT_SECONDS:.0f} s")


def free_port(port: int = 0) -> int:
    """A port that nobody listens on: the given one if it is free."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return int(listener.getsockname()[1])
    return free_port()
