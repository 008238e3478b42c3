"""A worker outlives the app that started it, is the only one, and no other process is mistaken for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app.engines.local_engine import LocalEngine
from app.jobs.queue import cancel_job, put_predict
from app.processes.identity import is_alive, process_start
from app.processes.worker_process import worker_lock, worker_pid
from app.worker.loop import run_queued_job
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from tests.app.rpc import Remote
from tests.projects.tiny_project import SETTINGS, fill_project, write_files
from tests.servers.app_server import ROOT, free_port, start_app
from tests.servers.app_server import wait_for as wait_for_app
from tests.wait_for import read_job, wait_for

Process = subprocess.Popen[bytes]


@pytest.fixture
def foreign() -> Iterator[Process]:
    """A live process that is not Switchpoint's."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def recycled(foreign: Process) -> tuple[int, float]:
    """The foreign process's id, with the start time of an earlier worker with the same id."""
    started = process_start(foreign.pid)
    assert started is not None
    return foreign.pid, started - 1


class Apps:
    """Successive apps on one data directory and one port."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()

    def begin(self) -> Remote:
        url = f"http://127.0.0.1:{self.port}"
        self.running = start_app(self.data, self.port)
        wait_for_app(url, self.running, self.data)
        return Remote(url)

    def kill(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self.running.kill()
        self.running.wait()


@pytest.fixture
def apps(db: Database) -> Iterator[Apps]:
    made = Apps(db.data)
    yield made
    made.kill()
    worker = worker_pid(db.data)
    if worker is not None:
        os.kill(worker, signal.SIGTERM)
        wait_for(lambda: worker_pid(db.data) is None, db)


def test_a_worker_goes_on_when_the_app_dies_and_the_next_app_finds_it(
    db: Database, tmp_path: Path, apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    files = write_files(tmp_path / "many", samples=100, support=5)
    fill_project(db, files, "slow", settings=replace(SETTINGS, batch_size=1, max_new_tokens=24))
    place = {"project": "slow", "tab": "data"}
    remote = apps.begin()
    with closing(remote.http):
        assert not remote.send("predict", place, role="test").is_refusal
    wait_for(lambda: read_job(db, 1).done > 2, db)
    worker = worker_pid(db.data)
    apps.kill()
    left = read_job(db, 1)
    assert left.state == "running", "the worker was too fast to prove anything"
    wait_for(lambda: read_job(db, 1).done > left.done, db)
    remote = apps.begin()
    assert worker_pid(db.data) == worker
    with closing(remote.http):
        assert not remote.send("predict", place, role="test").is_refusal
    wait_for(lambda: not any(job.state in jobs.ACTIVE for job in every_job(db)), db)
    assert {(job.state, job.done, job.pid) for job in every_job(db)} == {("done", 100, worker)}
    with db.read() as connection:
        assert len(store.predictions_of(connection, 1, "test")) == 100
    said = (db.data / "logs" / "worker.log").read_text()
    assert (said.count(" serves "), said.count("job 1 ended")) == (1, 1)


def every_job(db: Database) -> list[Job]:
    with db.read() as connection:
        return jobs.jobs_of(connection)


def test_a_second_worker_is_refused_on_the_command_line_with_a_sentence(db: Database) -> None:
    command = [sys.executable, "-m", "app", "--data", str(db.data), "worker"]
    with worker_lock(db.data):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
        assert worker_pid(db.data) == os.getpid()
    assert done.returncode == 1
    (sentence,) = [line for line in " ".join(done.stderr.split()).split(". ") if "A worker already serves" in line]
    assert "`switchpoint status` shows its jobs" in sentence
    assert "Traceback" not in done.stderr + done.stdout


def test_a_worker_where_there_is_no_database_makes_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "--data", str(tmp_path), "worker"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 1
    assert "There is no database in" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "switchpoint.db").exists()


def test_a_process_with_the_id_of_a_dead_worker_is_never_taken_for_it(
    db: Database, tiny: str, foreign: Process, recycled: tuple[int, float]
) -> None:
    job = put_predict(db, tiny, roles=("test",))
    with db.write() as connection:
        assert jobs.claim(connection, "dead", *recycled) is not None
    (db.data / "worker.lock").write_text("{} {}".format(*recycled))
    assert worker_pid(db.data) is None
    assert run_queued_job(db, job, LocalEngine("cpu")).state == "done"
    assert foreign.poll() is None


def test_cancelling_a_job_signals_no_process(
    db: Database, tiny: str, foreign: Process, recycled: tuple[int, float]
) -> None:
    job, other = (put_predict(db, tiny, roles=(role,)) for role in ("test", "validation"))
    with db.write() as connection:
        assert jobs.claim(connection, "dead", *recycled) is not None
    cancel_job(db, job.id)
    assert run_queued_job(db, other, LocalEngine("cpu")).state == "done"
    assert read_job(db, job.id).state == "cancelled"
    assert foreign.poll() is None
    assert is_alive(foreign.pid, recycled[1] + 1)
    with db.read() as connection:
        assert store.predictions_of(connection, 1, "test") == []


def test_the_job_of_a_live_process_is_its_own_and_cancelling_only_asks(
    db: Database, tiny: str, foreign: Process, recycled: tuple[int, float]
) -> None:
    job, other = (put_predict(db, tiny, roles=(role,)) for role in ("test", "validation"))
    with db.write() as connection:
        assert jobs.claim(connection, "alive", recycled[0], recycled[1] + 1) is not None
    cancel_job(db, job.id)
    assert run_queued_job(db, other, LocalEngine("cpu")).state == "done"
    left = read_job(db, job.id)
    assert (left.state, left.cancel_asked) == ("running", True)
    assert foreign.poll() is None
