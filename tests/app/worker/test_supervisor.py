"""A worker that dies while the app lives is started again without another act, and none is started in vain for ever."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import pytest

from app.jobs.queue import put_predict
from app.processes.worker_process import worker_pid
from app.worker import supervisor
from app.worker.supervisor import MAX_PAUSE_SECONDS, POLL_SECONDS, Supervisor
from storage import jobs, store
from storage.database import Database
from tests.app.rpc import Remote
from tests.projects.tiny_project import SETTINGS, TinyFiles, fill_project, write_files
from tests.servers.app_server import serving
from tests.wait_for import read_job, wait_for

# One sample a batch and long answers: a job of some seconds, so that a kill lands in its middle.
SLOW = replace(SETTINGS, batch_size=1, max_new_tokens=24)
PLACE = {"project": "slow", "tab": "data"}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    return write_files(tmp_path_factory.mktemp("many"), samples=80, support=10)


@pytest.fixture
def slow(db: Database, many: TinyFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.01")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    fill_project(db, many, "slow", settings=SLOW)
    yield db
    wait_for(lambda: worker_pid(db.data) is None, db)


def kill(db: Database) -> int:
    pid = worker_pid(db.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: worker_pid(db.data) is None, db)
    return pid


def test_a_job_ends_by_itself_though_its_worker_was_killed(slow: Database) -> None:
    with serving(slow.data) as served:
        remote = Remote(served.url)
        with closing(remote.http):
            assert not remote.send("predict", PLACE, role="test").is_refusal
        wait_for(lambda: read_job(slow, 1).done > 5, slow)
        first = kill(slow)
        left = read_job(slow, 1)
        assert (left.state, left.pid) == ("running", first)
        assert left.done < left.total, "the kill came too late to prove anything"
        wait_for(lambda: read_job(slow, 1).state not in jobs.ACTIVE, slow)
    ended = read_job(slow, 1)
    assert (ended.state, ended.done, ended.error) == ("done", 80, "")
    assert ended.pid != first
    with slow.read() as connection:
        assert len(store.predictions_of(connection, 1, "test")) == 80


@pytest.mark.process
def test_a_job_in_which_three_workers_died_at_the_same_place_has_failed(
    slow: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.0)
    job = put_predict(slow, "slow", roles=("test",))
    watcher = Supervisor(slow)
    dead: set[int | None] = set()
    for _ in range(supervisor.MAX_DEATHS):
        watcher.check()
        wait_for(lambda: read_job(slow, job.id).state == "running" and read_job(slow, job.id).pid not in dead, slow)
        dead.add(kill(slow))
    assert read_job(slow, job.id).done == 0, "the kills came too late to prove anything"
    watcher.check()
    ended = read_job(slow, job.id)
    assert ended.state == "failed"
    assert "3 workers died at the same place in this job (after 0 of 0)" in ended.error
    watcher.check()
    assert worker_pid(slow.data) is None
    assert len(dead) == supervisor.MAX_DEATHS


def test_no_worker_is_started_where_no_job_is_left(db: Database) -> None:
    with db.write() as connection:
        done = jobs.put(connection, "label", None, {})
        jobs.request_cancel(connection, done.id)
    Supervisor(db).check()
    time.sleep(0.2)
    assert not (db.data / "worker.lock").exists()


def test_a_worker_that_cannot_begin_is_tried_less_and_less_often_and_said_once(
    db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with db.write() as connection:
        jobs.put(connection, "label", None, {})
    (db.data / "logs").write_text("a file where the folder should be")
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watcher, tried = Supervisor(db), []
    with caplog.at_level(logging.WARNING, "switchpoint.supervisor"):
        for _ in range(100):
            before = watcher._starts
            watcher.check()
            tried += [now[0]] if watcher._starts > before else []
            now[0] += POLL_SECONDS
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits[:6] == [3.0, 6.0, 12.0, 24.0, 48.0, 60.0]
    assert set(waits[6:]) == {MAX_PAUSE_SECONDS}
    (record,) = caplog.records
    assert record.message.startswith(f"The folder for logs {db.data / 'logs'} cannot be made (File exists)")


def test_the_oldest_job_that_runs_or_waits_is_found_by_index(db: Database) -> None:
    with db.write() as connection:
        ids = [jobs.put(connection, "label", None, {"number": number}).id for number in range(4)]
        jobs.request_cancel(connection, ids[0])
        assert (found := jobs.next_job(connection)) is not None
        assert found.id == ids[1]
        jobs.claim(connection, "me", 1, 1.0)
        assert (found := jobs.next_job(connection)) is not None
        assert (found.id, found.state) == (ids[1], "running")
        for each in ids:
            jobs.request_cancel(connection, each)
        jobs.interrupt_orphans(connection, lambda pid, start: False)
        assert jobs.next_job(connection) is None


def test_only_a_job_that_nobody_took_up_is_given_up(db: Database) -> None:
    with db.write() as connection:
        job = jobs.put(connection, "label", None, {})
        jobs.claim(connection, "me", 1, 1.0)
        jobs.fail_interrupted(connection, job.id, "nobody")
        assert jobs.job(connection, job.id).state == "running"
        jobs.interrupt_orphans(connection, lambda pid, start: False)
        jobs.fail_interrupted(connection, job.id, "three died")
        given = jobs.job(connection, job.id)
    assert (given.state, given.error) == ("failed", "three died")
