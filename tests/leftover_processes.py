"""A pytest plugin that ends the processes which tests leave behind, whether they fail, are interrupted or are killed.

Whatever a test starts inherits its environment, a detached worker as well, and with it two marks: the run's own tag,
and pytest's name of the running test. They find a process whatever has become of its parents.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
RUN = "SWITCHPOINT_TEST_RUN"
TEST = "PYTEST_CURRENT_TEST"
STARTING_SECONDS = 1.0
KERNEL = (0, 2)  # the parents of kernel threads, which have no environment
GUARD = pytest.StashKey["subprocess.Popen[bytes]"]()


def leftovers(run: str, test: str = "") -> list[psutil.Process]:
    """The living processes that a run of the tests started, or that the call of one of its tests started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            marks = environment_of(process)
            if marks.get(RUN, "").startswith(run) and marks.get(TEST, "").startswith(test):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """The environment of a process. One that was started this moment shows none yet: Linux writes it after ``exec`` has
    closed the pipe by which ``Popen`` learns that the program runs."""
    deadline = time.monotonic() + STARTING_SECONDS
    while not (found := process.environ()) and process.ppid() not in KERNEL and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


def kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the guard beside the process that the others of a parallel run belong to."""
    if hasattr(config, "workerinput"):
        return
    os.environ[RUN] = f"{os.environ.get(RUN, '')}/{os.getpid()}-{os.urandom(4).hex()}/"
    command = [sys.executable, "-m", "tests.leftover_processes", os.environ[RUN]]
    unmarked = {name: value for name, value in os.environ.items() if name not in (RUN, TEST)}
    config.stash[GUARD] = subprocess.Popen(
        command, cwd=ROOT, env=unmarked, stdin=subprocess.PIPE, start_new_session=True
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    guard = config.stash.get(GUARD, None)
    if guard is not None:
        guard.communicate()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What a failed test started disturbs the next ones: it ends with the test, not with the run."""
    before = item.session.testsfailed
    try:
        return (yield)
    finally:
        if item.session.testsfailed > before:
            kill_all(leftovers(os.environ[RUN], f"{item.nodeid} (call)"))


def guard(run: str) -> None:
    """Wait until pytest has ended in whatever way, which closes its end of the pipe, and kill what it left behind."""
    sys.stdin.read()
    kill_all(leftovers(run))


if __name__ == "__main__":
    guard(sys.argv[1])
