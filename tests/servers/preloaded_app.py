"""A process that has imported the app and forks one whenever it is asked to.

Importing the app takes about ten times as long as the rest of its start. A fork runs the same command in a process of
its own, with its own environment, signals and log; only the memory of the imports is shared.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import NoReturn

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


class PreloadedApp:
    """Asks the process for forks; a process that has died is started again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> psutil.Process:
        """A running ``switchpoint`` with these arguments, whose output is appended to ``log``."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = _start()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            return psutil.Process(int(self._process.stdout.readline()))


def _start() -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.servers.preloaded_app"]
    # The processes of a test carry its name; the forks of later tests must not carry the first one's.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def fork_until_closed() -> None:
    """Fork once for each line of standard input, and answer with the child's process id."""
    import app.web.server  # noqa: F401  # what ``serve`` imports; nothing of it starts a thread

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system itself clears away the children that have ended
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_app(**json.loads(line))
        print(pid, flush=True)


def _become_app(arguments: list[str], environment: dict[str, str], log: str) -> NoReturn:
    """Run the command as a process started for it would, and end."""
    from app.cli.main import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target, path, flags in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)):
        opened = os.open(path, flags)
        os.dup2(opened, target)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["switchpoint", *arguments]
    status = 1
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    fork_until_closed()
