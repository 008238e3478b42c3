"""Jobs: rows with a state, queued by the page and the command line and done by the worker.

Queued → running → done, failed or cancelled; a job whose worker died is interrupted and waits like a queued one. Only
the worker that claimed a job last can change it: updates of one taken for dead are ignored. Knows no model and no
process: the caller says which processes are alive.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, and_, case, func, insert, or_, select, update

from core.errors import UserError
from core.types import JobKind, JobState
from storage.rows import noun_of
from storage.tables.columns import utc_now
from storage.tables.jobs import jobs

WAITING: tuple[JobState, ...] = ("queued", "interrupted")
ACTIVE: tuple[JobState, ...] = ("running", *WAITING)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: ``done`` of ``total`` in the unit that ``message`` names; times are UTC (ISO 8601).

    ``started`` is when it was last claimed; ``first_done`` and ``first_at`` are its first progress since then. ``pid``
    and ``pid_start`` (compared for equality only) identify the process that claimed it.
    """

    id: int
    kind: JobKind
    project: int | None
    args: dict[str, Any]
    state: JobState
    done: int
    total: int
    message: str
    error: str
    worker: str
    pid: int | None
    pid_start: float | None
    cancel_asked: bool
    created: str
    started: str | None
    finished: str | None
    first_done: int | None
    first_at: str | None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a job goes: units per second, and the seconds left at that rate."""

    rate: float
    seconds_left: float


def put(connection: Connection, kind: JobKind, project: int | None, args: dict[str, Any]) -> Job:
    """Queue a job. ``args`` are JSON values and must hold no secret."""
    values = {"kind": kind, "project": project, "args": args, "state": "queued"}
    return noun_of(Job, connection.execute(insert(jobs).values(values).returning(*_JOB)).one())


def claim(connection: Connection, worker: str, pid: int, pid_start: float) -> Job | None:
    """Claim the oldest waiting job in one statement, so that no two workers claim the same; None when none waits."""
    oldest = select(func.min(jobs.c.id)).where(jobs.c.state.in_(WAITING)).scalar_subquery()
    values = {"state": "running", "worker": worker, "pid": pid, "pid_start": pid_start, "started": utc_now()}
    fresh = {"error": "", "first_done": None, "first_at": None}
    row = connection.execute(
        update(jobs).where(jobs.c.id == oldest).values(values | fresh).returning(*_JOB)
    ).one_or_none()
    return None if row is None else noun_of(Job, row)


def progress(connection: Connection, mine: Job, done: int, total: int, message: str = "") -> bool:
    """Record the progress of a running job; ``mine`` is the job as claimed. False when that worker no longer owns it:
    it was taken for dead, or the job has ended. The first call after a claim sets the point that ``pace`` starts
    from."""
    # A resumed job may fall back behind that point (to a checkpoint): the point moves with it.
    fresh = or_(jobs.c.first_done.is_(None), jobs.c.first_done > done)
    values = {
        "done": done,
        "total": total,
        "message": message,
        "first_done": case((fresh, done), else_=jobs.c.first_done),
        "first_at": case((fresh, utc_now()), else_=jobs.c.first_at),
    }
    return connection.execute(_claimed(mine).values(values)).rowcount == 1


def finish(connection: Connection, mine: Job) -> None:
    """Mark a running job as done."""
    connection.execute(_claimed(mine).values(state="done", finished=utc_now()))


def fail(connection: Connection, mine: Job, error: str) -> None:
    """Mark a running job as failed; ``error`` is the sentence to show."""
    connection.execute(_claimed(mine).values(state="failed", error=error, finished=utc_now()))


def finish_cancelled(connection: Connection, mine: Job) -> None:
    """Mark a running job as cancelled."""
    connection.execute(_claimed(mine).values(state="cancelled", finished=utc_now()))


def request_cancel(connection: Connection, job_id: int) -> None:
    """Request that a job ends: a waiting one ends at once, a running one when its worker next checks."""
    job(connection, job_id)
    waiting = and_(jobs.c.id == job_id, jobs.c.state.in_(WAITING))
    connection.execute(update(jobs).where(waiting).values(state="cancelled", cancel_asked=True, finished=utc_now()))
    connection.execute(_running(job_id).values(cancel_asked=True))


def cancel_asked(connection: Connection, job_id: int) -> bool:
    """Whether cancelling the job was requested."""
    return bool(connection.scalar(select(jobs.c.cancel_asked).where(jobs.c.id == job_id)))


def interrupt_orphans(connection: Connection, alive: Callable[[int, float], bool]) -> list[int]:
    """Mark running jobs whose process is not ``alive(pid, pid_start)`` as interrupted, or as cancelled where that was
    requested. Returns the ids of the interrupted ones."""
    running = connection.execute(select(jobs.c.id, jobs.c.pid, jobs.c.pid_start).where(jobs.c.state == "running")).all()
    orphans = [row.id for row in running if row.pid is None or not alive(row.pid, row.pid_start)]
    for orphan in orphans:
        connection.execute(_running(orphan, jobs.c.cancel_asked).values(state="cancelled", finished=utc_now()))
    return [orphan for orphan in orphans if connection.execute(_running(orphan).values(state="interrupted")).rowcount]


def fail_interrupted(connection: Connection, job_id: int, error: str) -> None:
    """Mark an interrupted job as failed, so that no worker resumes it; a job that was resumed is left alone."""
    left = update(jobs).where(jobs.c.id == job_id, jobs.c.state == "interrupted")
    connection.execute(left.values(state="failed", error=error, finished=utc_now()))


def is_any_waiting(connection: Connection) -> bool:
    """Whether a job waits for a worker."""
    return any(
        connection.scalar(select(jobs.c.id).where(jobs.c.state == state).limit(1)) is not None for state in WAITING
    )


def next_job(connection: Connection) -> Job | None:
    """The oldest job that runs or waits: the one that a worker runs, or claims next."""
    oldest = [select(func.min(jobs.c.id)).where(jobs.c.state == state).scalar_subquery() for state in ACTIVE]
    rows = connection.execute(select(*_JOB).where(jobs.c.id.in_(oldest)).order_by(jobs.c.id).limit(1))
    return next((noun_of(Job, row) for row in rows), None)


def jobs_of(connection: Connection, project: int | None = None, limit: int = 50) -> list[Job]:
    """The newest jobs of a project (None: of all), newest first."""
    query = select(*_JOB).order_by(jobs.c.id.desc()).limit(limit)
    return [
        noun_of(Job, row)
        for row in connection.execute(query if project is None else query.where(jobs.c.project == project))
    ]


def job(connection: Connection, job_id: int) -> Job:
    """The job of that id. Raises UserError for an unknown id."""
    row = connection.execute(select(*_JOB).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no job {job_id}: see `switchpoint status` for those there are.")
    return noun_of(Job, row)


def pace(job: Job, now: str) -> Pace | None:
    """The pace of a running job from its first progress to ``now`` (``utc_now()``); None while unknown."""
    if job.state != "running" or job.first_at is None or job.first_done is None or job.done <= job.first_done:
        return None
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(job.first_at)).total_seconds()
    rate = (job.done - job.first_done) / max(seconds, 1e-3)
    return Pace(rate=rate, seconds_left=max(job.total - job.done, 0) / rate)


_JOB = tuple(jobs.c[part.name] for part in fields(Job))


def _claimed(mine: Job) -> Update:
    # A worker that was taken for dead may still report after another has claimed the job.
    return _running(mine.id, jobs.c.pid == mine.pid, jobs.c.pid_start == mine.pid_start)


def _running(job_id: int, *also: ColumnElement[bool]) -> Update:
    return update(jobs).where(jobs.c.id == job_id, jobs.c.state == "running", *also)


def put_once(connection: Connection, kind: JobKind, project: int | None, args: dict[str, Any]) -> Job:
    """Queue a job, or return the equal one that already waits or runs."""
    for job in jobs_of(connection, project):
        if job.kind == kind and job.state in ACTIVE and job.args == args:
            return job
    return put(connection, kind, project, args)
