"""One app and one worker serve a directory, whatever is removed from it; a stopped worker is seen as stalled."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.doctor.checks import run_checks
from app.processes import worker_process
from app.processes.directory_lock import LockHeldError
from app.processes.worker_process import stalled_worker, worker_lock, worker_pid
from app.web.components.job_tray import tray_html
from app.web.server import serve
from storage import jobs
from storage.database import Database
from tests.servers.app_server import serving
from tests.wait_for import wait_for

HOLD = """
import pathlib, sys, time
from app.processes import worker_process
worker_process.HEARTBEAT_SECONDS = 0.05
with worker_process.worker_lock(pathlib.Path(sys.argv[1])):
    time.sleep(600)
"""


def test_removing_the_lock_file_gives_no_second_worker_and_it_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "HEARTBEAT_SECONDS", 0.02)
    with worker_lock(tmp_path):
        pid = worker_pid(tmp_path)
        (tmp_path / "worker.lock").unlink()
        with pytest.raises(LockHeldError, match="A worker already serves"), worker_lock(tmp_path):
            pass
        wait_for(lambda: worker_pid(tmp_path) == pid)
    with worker_lock(tmp_path):
        assert worker_pid(tmp_path) == pid


def test_a_second_page_on_one_directory_is_refused_and_the_files_of_the_first_stay(tmp_path: Path) -> None:
    (link := tmp_path / "link").symlink_to(tmp_path / "data")
    with serving(tmp_path / "data") as served:
        (upload := served.data / "uploads" / "1" / "half.zip").parent.mkdir(parents=True)
        upload.write_bytes(b"not whole yet")
        for path in (served.data, link):
            with pytest.raises(LockHeldError, match="Switchpoint is open on"):
                serve(path, "127.0.0.1", 0)
        assert upload.exists()


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_jumps_makes_no_worker_stalled_and_hides_none(
    jump: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = time.time
    with worker_lock(tmp_path):
        monkeypatch.setattr(time, "time", lambda: wall() + jump)
        assert stalled_worker(tmp_path) == ""
        monkeypatch.setattr(worker_process, "STALLED_SECONDS", -1.0)
        assert "has not run for" in stalled_worker(tmp_path)


def test_a_stopped_worker_is_seen_as_stalled_by_doctor_and_page_until_it_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "STALLED_SECONDS", 1.0)
    with db.write() as connection:
        jobs.put(connection, "label", None, {})
    with subprocess.Popen([sys.executable, "-c", HOLD, str(db.data)]) as worker:
        wait_for(lambda: worker_pid(db.data) == worker.pid)
        time.sleep(1.2)
        assert stalled_worker(db.data) == ""
        worker.send_signal(signal.SIGSTOP)
        wait_for(lambda: stalled_worker(db.data) != "")
        assert f"process {worker.pid}) has not run for 0 min" in stalled_worker(db.data)
        assert f"kill -CONT {worker.pid}" in tray_html(db)
        assert ("worker", False) in {(each["name"], each["ok"]) for each in run_checks(db.data)}
        worker.send_signal(signal.SIGCONT)
        wait_for(lambda: stalled_worker(db.data) == "")
        assert "kill -CONT" not in tray_html(db)
        worker.kill()
