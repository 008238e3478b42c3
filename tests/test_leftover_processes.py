"""However a run of the tests ends, no process that a test started is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.leftover_processes import ROOT

TIMEOUT_SECONDS = 60.0
# As the app starts its worker: detached, so that nothing ends it with its parent.
TESTS = """
import pathlib, subprocess, sys, time
HERE = pathlib.Path(__file__).parent
def start(name):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    (HERE / "begun").write_text(str(child.pid))
    (HERE / "begun").rename(HERE / name)
def test_that_fails():
    start("of failed")
    assert not "what it found"
def test_that_is_interrupted():
    start("of interrupted")
    time.sleep(600)
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """pytest on the two tests above, a process of its own."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.leftover_processes"]\n')
    (tmp_path / "test_two.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    with (tmp_path / "output").open("wb") as output:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=output) as process:
            yield process
            process.kill()


def child_of(folder: Path, name: str) -> int:
    """The id of the process that the test of that name started, once it has."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (folder / name).exists():
        assert time.monotonic() < deadline, (folder / "output").read_text()
        time.sleep(0.02)
    return int((folder / name).read_text())


def has_ended(pid: int) -> bool:
    """Whether it ends soon; a zombie has ended, and only waits for its parent."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_failed_and_an_interrupted_test_leave_no_process(
    run: "subprocess.Popen[bytes]", tmp_path: Path, how: signal.Signals
) -> None:
    interrupted = child_of(tmp_path, "of interrupted")
    assert has_ended(child_of(tmp_path, "of failed")), "it ends with its test: the run still goes on"
    assert psutil.pid_exists(interrupted)
    run.send_signal(how)
    run.wait(TIMEOUT_SECONDS)
    assert has_ended(interrupted)


def test_a_process_of_another_run_is_left_alone(run: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as other:
        interrupted = child_of(tmp_path, "of interrupted")
        run.kill()
        run.wait(TIMEOUT_SECONDS)
        assert has_ended(interrupted)
        assert other.poll() is None
        other.kill()
