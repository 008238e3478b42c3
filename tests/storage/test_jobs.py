"""Jobs: states, claims, and pace."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from storage import jobs
from storage.database import Database
from storage.jobs import Job
from tests.storage.world import a_project


def put(connection: Connection, count: int = 1) -> list[Job]:
    return [jobs.put(connection, "predict", None, {"round": number, "roles": ["test"]}) for number in range(count)]


def claim(connection: Connection, pid: int = 1) -> Job | None:
    return jobs.claim(connection, "worker", pid, 12.5)


def test_a_job_is_queued_claimed_and_finished(connection: Connection) -> None:
    (made,) = put(connection)
    assert (made.state, made.args, made.done, made.started) == ("queued", {"round": 0, "roles": ["test"]}, 0, None)
    taken = claim(connection, pid=77)
    assert (taken.id, taken.state, taken.worker, taken.pid, taken.pid_start) == (made.id, "running", "worker", 77, 12.5)
    assert claim(connection) is None
    assert jobs.progress(connection, taken, 3, 10, "3 of 10")
    jobs.finish(connection, taken)
    jobs.fail(connection, taken, "too late")
    assert not jobs.progress(connection, taken, 4, 10, "too late")
    ended = jobs.job(connection, made.id)
    assert (ended.state, ended.done, ended.total, ended.message, ended.error) == ("done", 3, 10, "3 of 10", "")
    assert made.created < taken.started < ended.finished


def test_jobs_are_taken_oldest_first_and_by_one_worker_each(db: Database) -> None:
    with db.write() as connection:
        made = put(connection, 24)
    taken: list[int] = []

    def work() -> None:
        job: object = "the first"
        while job:
            with db.write() as connection:
                if job := claim(connection):
                    taken.append(job.id)

    with ThreadPoolExecutor(8) as pool:
        threads = [pool.submit(work) for _ in range(8)]
    assert [thread.exception() for thread in threads] == [None] * 8
    assert taken == [job.id for job in made]


def test_a_failed_job_keeps_its_sentence(connection: Connection) -> None:
    (made,) = put(connection)
    taken = claim(connection)
    jobs.fail(connection, taken, "The model is not there: choose another.")
    ended = jobs.job(connection, made.id)
    assert (ended.state, ended.error) == ("failed", "The model is not there: choose another.")


def test_cancelling_ends_a_waiting_job_at_once_and_asks_a_running_one(connection: Connection) -> None:
    running, waiting = put(connection, 2)
    taken = claim(connection)
    for job in (running, waiting):
        jobs.request_cancel(connection, job.id)
        assert jobs.cancel_asked(connection, job.id)
    with pytest.raises(UserError, match="no job 99"):
        jobs.request_cancel(connection, 99)
    assert (jobs.job(connection, running.id).state, jobs.job(connection, waiting.id).state) == ("running", "cancelled")
    assert jobs.job(connection, waiting.id).finished
    assert claim(connection) is None
    jobs.finish_cancelled(connection, taken)
    jobs.request_cancel(connection, running.id)
    assert jobs.job(connection, running.id).state == "cancelled"


def test_a_dead_workers_jobs_are_taken_up_again_under_the_same_id(connection: Connection) -> None:
    made = put(connection, 4)
    for pid in (1, 2, 3):
        claim(connection, pid)
    jobs.request_cancel(connection, made[2].id)
    asked: list[tuple[int, float]] = []

    def alive(pid: int, start: float) -> bool:
        asked.append((pid, start))
        return pid == 1

    assert jobs.interrupt_orphans(connection, alive) == [made[1].id]
    assert asked == [(1, 12.5), (2, 12.5), (3, 12.5)]
    assert [jobs.job(connection, job.id).state for job in made] == ["running", "interrupted", "cancelled", "queued"]
    again = claim(connection, pid=5)
    assert (again.id, again.state, again.pid) == (made[1].id, "running", 5)
    jobs.interrupt_orphans(connection, lambda pid, start: pid != 5)
    assert jobs.job(connection, made[1].id).state == "interrupted"
    assert claim(connection).id == made[1].id


@pytest.mark.parametrize("late", ["progress", "finish", "fail", "finish_cancelled"])
def test_a_worker_that_was_taken_for_dead_is_not_heard(connection: Connection, late: str) -> None:
    (made,) = put(connection)
    taken = claim(connection, pid=1)
    jobs.interrupt_orphans(connection, lambda pid, start: False)
    again = claim(connection, pid=2)
    said = {"progress": (9, 10), "fail": ("The disk is full: make room.",)}.get(late, ())
    assert not getattr(jobs, late)(connection, taken, *said)
    assert jobs.job(connection, made.id) == again


def test_an_interrupted_job_can_be_cancelled(connection: Connection) -> None:
    (made,) = put(connection)
    claim(connection)
    jobs.interrupt_orphans(connection, lambda pid, start: False)
    jobs.request_cancel(connection, made.id)
    assert jobs.job(connection, made.id).state == "cancelled"


def test_jobs_are_listed_newest_first_and_by_project(connection: Connection) -> None:
    first, second = put(connection, 2)
    project = a_project(connection)
    own = jobs.put(connection, "tune", project.id, {})
    assert jobs.jobs_of(connection) == [own, second, first]
    assert jobs.jobs_of(connection, limit=1) == [own]
    assert jobs.jobs_of(connection, project.id) == [own]


def test_pace_is_measured_from_the_first_progress_after_a_claim(connection: Connection) -> None:
    (made,) = put(connection)
    taken = claim(connection)
    assert jobs.pace(jobs.job(connection, made.id), jobs.job(connection, made.id).created) is None
    jobs.progress(connection, taken, 500, 1000)
    jobs.progress(connection, taken, 540, 1000)
    running = jobs.job(connection, made.id)
    later = (datetime.fromisoformat(running.first_at) + timedelta(seconds=4)).isoformat()
    assert jobs.pace(running, later) == jobs.Pace(rate=10.0, seconds_left=46.0)
    assert jobs.pace(replace(running, state="done"), later) is None
    jobs.progress(connection, taken, 450, 1000)
    assert jobs.job(connection, made.id).first_done == 450
    assert jobs.pace(jobs.job(connection, made.id), later) is None
