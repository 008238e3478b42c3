"""Jobs: states, claims, and pace."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import UserError
from storage import jobs
from storage.database import Database
from storage.jobs import Job
from tests.storage.world import a_project


def put(db: Database, count: int = 1) -> list[Job]:
    with db.write() as connection:
        return [jobs.put(connection, "predict", None, {"round": number, "roles": ["test"]}) for number in range(count)]


def claim(db: Database, pid: int = 1) -> Job | None:
    with db.write() as connection:
        return jobs.claim(connection, "worker", pid, 12.5)


def seen(db: Database, job: Job) -> Job:
    with db.read() as connection:
        return jobs.job(connection, job.id)


def test_a_job_is_queued_claimed_and_finished(db: Database) -> None:
    (made,) = put(db)
    assert (made.state, made.args, made.done, made.started) == ("queued", {"round": 0, "roles": ["test"]}, 0, None)
    taken = claim(db, pid=77)
    assert (taken.id, taken.state, taken.worker, taken.pid, taken.pid_start) == (made.id, "running", "worker", 77, 12.5)
    assert claim(db) is None
    with db.write() as connection:
        assert jobs.progress(connection, taken, 3, 10, "3 of 10")
        jobs.finish(connection, taken)
        jobs.fail(connection, taken, "too late")
        assert not jobs.progress(connection, taken, 4, 10, "too late")
    ended = seen(db, made)
    assert (ended.state, ended.done, ended.total, ended.message, ended.error) == ("done", 3, 10, "3 of 10", "")
    assert made.created < taken.started < ended.finished


def test_jobs_are_taken_oldest_first_and_by_one_worker_each(db: Database) -> None:
    made = put(db, 24)
    taken: list[int] = []

    def work() -> None:
        while job := claim(db):
            taken.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == sorted(taken)
    assert taken == [job.id for job in made]


def test_a_failed_job_keeps_its_sentence(db: Database) -> None:
    (made,) = put(db)
    taken = claim(db)
    with db.write() as connection:
        jobs.fail(connection, taken, "The model is not there: choose another.")
    assert (seen(db, made).state, seen(db, made).error) == ("failed", "The model is not there: choose another.")


def test_cancelling_ends_a_waiting_job_at_once_and_asks_a_running_one(db: Database) -> None:
    running, waiting = put(db, 2)
    taken = claim(db)
    with db.write() as connection:
        for job in (running, waiting):
            jobs.request_cancel(connection, job.id)
            assert jobs.cancel_asked(connection, job.id)
        with pytest.raises(UserError, match="no job 99"):
            jobs.request_cancel(connection, 99)
    assert (seen(db, running).state, seen(db, waiting).state) == ("running", "cancelled")
    assert seen(db, waiting).finished
    assert claim(db) is None
    with db.write() as connection:
        jobs.finish_cancelled(connection, taken)
        jobs.request_cancel(connection, running.id)
    assert seen(db, running).state == "cancelled"


def test_a_dead_workers_jobs_are_taken_up_again_under_the_same_id(db: Database) -> None:
    made = put(db, 4)
    for pid in (1, 2, 3):
        claim(db, pid)
    with db.write() as connection:
        jobs.request_cancel(connection, made[2].id)
        asked: list[tuple[int, float]] = []

        def alive(pid: int, start: float) -> bool:
            asked.append((pid, start))
            return pid == 1

        assert jobs.interrupt_orphans(connection, alive) == [made[1].id]
    assert asked == [(1, 12.5), (2, 12.5), (3, 12.5)]
    assert [seen(db, job).state for job in made] == ["running", "interrupted", "cancelled", "queued"]
    again = claim(db, pid=5)
    assert (again.id, again.state, again.pid) == (made[1].id, "running", 5)
    with db.write() as connection:
        jobs.interrupt_orphans(connection, lambda pid, start: pid != 5)
    assert seen(db, made[1]).state == "interrupted"
    assert claim(db).id == made[1].id


@pytest.mark.parametrize("late", ["progress", "finish", "fail", "finish_cancelled"])
def test_a_worker_that_was_taken_for_dead_is_not_heard(db: Database, late: str) -> None:
    (made,) = put(db)
    taken = claim(db, pid=1)
    with db.write() as connection:
        jobs.interrupt_orphans(connection, lambda pid, start: False)
    again = claim(db, pid=2)
    said = {"progress": (9, 10), "fail": ("The disk is full: make room.",)}.get(late, ())
    with db.write() as connection:
        assert not getattr(jobs, late)(connection, taken, *said)
    assert seen(db, made) == again


def test_an_interrupted_job_can_be_cancelled(db: Database) -> None:
    (made,) = put(db)
    claim(db)
    with db.write() as connection:
        jobs.interrupt_orphans(connection, lambda pid, start: False)
        jobs.request_cancel(connection, made.id)
    assert seen(db, made).state == "cancelled"


def test_jobs_are_listed_newest_first_and_by_project(db: Database) -> None:
    first, second = put(db, 2)
    with db.write() as connection:
        project = a_project(connection)
        own = jobs.put(connection, "tune", project.id, {})
        assert jobs.jobs_of(connection) == [own, second, first]
        assert jobs.jobs_of(connection, limit=1) == [own]
        assert jobs.jobs_of(connection, project.id) == [own]


def test_pace_is_measured_from_the_first_progress_after_a_claim(db: Database) -> None:
    (made,) = put(db)
    taken = claim(db)
    assert jobs.pace(seen(db, made), seen(db, made).created) is None
    with db.write() as connection:
        jobs.progress(connection, taken, 500, 1000)
        jobs.progress(connection, taken, 540, 1000)
    running = seen(db, made)
    later = (datetime.fromisoformat(running.first_at) + timedelta(seconds=4)).isoformat()
    assert jobs.pace(running, later) == jobs.Pace(rate=10.0, seconds_left=46.0)
    assert jobs.pace(replace(running, state="done"), later) is None
    with db.write() as connection:
        jobs.progress(connection, taken, 450, 1000)
    assert seen(db, made).first_done == 450
    assert jobs.pace(seen(db, made), later) is None
