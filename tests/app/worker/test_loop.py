"""One worker per data directory; jobs survive it, and it survives jobs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import cancel_job, put_predict
from app.processes import identity, worker_process
from app.processes.identity import is_alive, own_start, process_start
from app.projects.configuration import create_project
from app.worker import loop
from core.errors import UserError
from storage import jobs, store
from storage.database import Database
from tests.projects.tiny_project import TinyFiles
from tests.wait_for import read_job, wait_for


def test_a_process_is_known_by_its_id_and_start_time() -> None:
    assert is_alive(os.getpid(), own_start())
    assert not is_alive(os.getpid(), own_start() + 1), "another process had this id before"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert process_start(ended.pid) is None


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive() -> None:
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it stays one that was not waited for
    assert process_start(zombie.pid) is None
    zombie.wait()


def test_the_same_id_and_tick_after_a_reboot_or_on_another_machine_is_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own_start()
    with worker_process.worker_lock(tmp_path):
        (tmp_path / "boot_id").write_text("another boot\n")
        monkeypatch.setattr(identity, "BOOT_ID", tmp_path / "boot_id")
        assert own_start() != before
        assert not is_alive(os.getpid(), before)
        assert worker_process.worker_pid(tmp_path) is None, "the lock file was copied here"
    assert own_start().is_integer(), "a float holds it exactly"


def test_a_second_worker_is_refused(tmp_path: Path) -> None:
    with worker_process.worker_lock(tmp_path):
        assert worker_process.worker_pid(tmp_path) == os.getpid()
        with pytest.raises(UserError, match="A worker already serves"), worker_process.worker_lock(tmp_path):
            pass
    assert worker_process.worker_pid(tmp_path) is None


def test_a_finished_job_is_done(db: Database, tiny: str) -> None:
    job = put_predict(db, tiny, roles=("test",))
    ended = loop.run_queued_job(db, job, LocalEngine("cpu"))
    assert (ended.state, ended.done, ended.total) == ("done", 12, 12)


def test_a_user_error_fails_the_job_with_its_sentence(db: Database, files: TinyFiles, tiny: str) -> None:
    create_project(db, "lost", student=str(files.folder / "absent"), teacher=str(files.teacher))
    import_file(db, "test", files["test"], "lost", images=files.images)
    job = put_predict(db, "lost", roles=("test",))
    with pytest.raises(UserError, match="absent"):
        loop.run_queued_job(db, job, LocalEngine("cpu"))
    assert read_job(db, job.id).state == "failed"
    other = put_predict(db, tiny, roles=("test",))
    assert loop.run_queued_job(db, other, LocalEngine("cpu")).state == "done", "the worker goes on with the next job"


def test_a_bug_fails_the_job_and_keeps_its_traceback(db: Database, tiny: str, caplog: pytest.LogCaptureFixture) -> None:
    with db.write() as connection:
        job = jobs.put(connection, "predict", 1, {"no": "round"})
    with pytest.raises(UserError, match=r"A bug in Switchpoint stopped this job \(KeyError.*worker\.log"):
        loop.run_queued_job(db, job, LocalEngine("cpu"))
    assert "Traceback" in caplog.text


def test_a_worker_that_was_taken_for_dead_saves_nothing_more(db: Database, tiny: str) -> None:
    job = put_predict(db, tiny, roles=("test",))
    with db.write() as connection:
        mine = jobs.claim(connection, "me", os.getpid(), own_start())
        assert mine is not None
        jobs.interrupt_orphans(connection, lambda pid, started: False)
        theirs = jobs.claim(connection, "another", 1, 1.0)
    loop.run_claimed_job(db, mine, LocalEngine("cpu"), lambda: False)
    assert read_job(db, job.id) == theirs, "it is the other's to say how it goes"
    with db.read() as connection:
        assert store.predictions_of(connection, job.args["round"], "test") == []


def test_a_job_that_waits_is_found_behind_newer_ones_that_have_ended(db: Database, tiny: str) -> None:
    waiting = put_predict(db, tiny)
    for _ in range(60):
        with db.write() as connection:
            newer = jobs.put(connection, "label", None, {})
            jobs.request_cancel(connection, newer.id)
    assert loop.run_queued_job(db, waiting, LocalEngine("cpu")).state == "done"


def test_cancel_is_honoured_between_two_batches(db: Database, tiny: str) -> None:
    job = put_predict(db, tiny, roles=("test",))
    with db.write() as connection:
        claimed = jobs.claim(connection, "me", os.getpid(), own_start())
    assert claimed is not None
    cancel_job(db, job.id)
    loop.run_claimed_job(db, claimed, LocalEngine("cpu"), lambda: False)
    ended = read_job(db, job.id)
    assert (ended.state, ended.done) == ("cancelled", 2)
    again = put_predict(db, tiny, roles=("test",))
    assert loop.run_queued_job(db, again, LocalEngine("cpu")).done == 12, (
        "and goes on where it stopped when asked again"
    )


def test_a_started_worker_is_found_again_and_leaves_when_idle(
    db: Database, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.02")
    job = put_predict(db, tiny, roles=("test",))
    assert worker_process.ensure_worker(db.data)
    seen: set[int | None] = set()

    def ended() -> bool:
        seen.add(worker_process.worker_pid(db.data))
        return read_job(db, job.id).state == "done"

    wait_for(ended, db)
    assert len(seen - {None}) == 1
    wait_for(lambda: worker_process.worker_pid(db.data) is None, db)


def test_jobs_queued_while_a_worker_starts_start_no_other(db: Database) -> None:
    data = db.data
    try:
        assert [worker_process.ensure_worker(data) for _ in range(5)] == [True, False, False, False, False]
        wait_for(lambda: worker_process.worker_pid(data) is not None, db)
        first = worker_process.worker_pid(data)
        assert not worker_process.ensure_worker(data)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: worker_process.worker_pid(data) is None, db)
        assert worker_process.ensure_worker(data), "one that was killed keeps no other from starting"
        wait_for(lambda: worker_process.worker_pid(data) not in (None, first), db)
    finally:
        last = worker_process.worker_pid(data)
        if last is not None:
            os.kill(last, signal.SIGTERM)
