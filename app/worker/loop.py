"""The worker: one process for each data directory that runs jobs, saves each batch, and goes on without the page.

A file lock ensures that there is one; the operating system releases it however the process ends. Knows the job table
and the job kinds, not the page. A worker that the app starts is detached (own session, output to ``logs/worker.log``)
and ends after some idle minutes, to free the memory of its models; the next job starts another. ``switchpoint worker``
in a terminal runs until Ctrl-C.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.engines.engine import Engine
from app.processes.file_systems import refuse_without_locks
from app.processes.identity import is_alive, own_start
from app.processes.worker_process import worker_lock
from app.progress import BUG_MESSAGE, Advance, ShouldStop, Stopped
from app.worker.registry import run_job
from core.errors import BusyError, FolderError, UserError
from core.redaction import redact
from storage import jobs
from storage.database import Database, open_database
from storage.errors import folder_error
from storage.jobs import Job

POLL_SECONDS = 0.3
RETRY_SECONDS = 5.0
T = TypeVar("T")
logger = logging.getLogger("switchpoint.worker")


def serve_jobs(data: Path, engine: Engine, *, idle_minutes: float | None) -> None:
    """Run jobs until SIGTERM or Ctrl-C, or until ``idle_minutes`` have passed without a job (None: without limit)."""
    signals: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: signals.append(number))
    refuse_without_locks(data)
    db = open_database(data, background=True)
    try:
        while True:
            with worker_lock(data):
                logger.info("worker %d serves %s", os.getpid(), data)
                _run_until_idle(db, engine, idle_minutes, lambda: bool(signals))
            # A job queued between the last check and the release found the lock held and started no worker.
            if signals or not _has_waiting_job(db):
                return
    finally:
        db.close()


def run_queued_job(db: Database, job: Job, engine: Engine) -> Job:
    """Run the queued jobs in this process (for headless runs) and return ``job`` when it is done.

    Raises UserError with its error where it failed.
    """
    with worker_lock(db.data):
        _interrupt_orphans(db)
        while taken := _claim(db):
            run_claimed_job(db, taken, engine, lambda: False)
    with db.read() as connection:
        ended = jobs.job(connection, job.id)
    if ended.state != "done":
        raise UserError(ended.error or f"Job {job.id} ({job.kind}) was {ended.state}: start again.")
    return ended


def _run_until_idle(db: Database, engine: Engine, idle_minutes: float | None, should_end: ShouldStop) -> None:
    _retry(db, lambda: _interrupt_orphans(db), should_end)
    last = time.monotonic()
    while not should_end():
        if job := _retry(db, lambda: _claim(db), should_end):
            run_claimed_job(db, job, engine, should_end)
            last = time.monotonic()
        elif idle_minutes is not None and time.monotonic() - last >= idle_minutes * 60:
            return
        else:
            time.sleep(POLL_SECONDS)


def run_claimed_job(db: Database, job: Job, engine: Engine, should_end: ShouldStop) -> None:
    """Run a claimed job to its end and record how it ended; no error of a job ends the worker."""
    logger.info("job %d: %s %s", job.id, job.kind, job.args)
    try:
        for advance in run_job(db, job, engine, lambda: should_end() or _cancel_asked(db, job)):
            _save(db, job, advance, should_end)
    except Stopped:
        # After a signal the row stays "running": the next worker finds that its process is gone and takes it up.
        if _cancel_asked(db, job):
            _record(db, should_end, jobs.finish_cancelled, job)
    except UserError as error:
        _record(db, should_end, jobs.fail, job, str(error))
    except Exception as error:  # a bug in one job does not end the worker
        logger.exception("job %d failed", job.id)
        said = redact(f"{type(error).__name__}: {error}")
        bug = f"{BUG_MESSAGE} ({said}); the traceback is in {db.data / 'logs' / 'worker.log'}."
        _record(db, should_end, jobs.fail, job, str(folder_error(error, db.data) or bug))
    else:
        _record(db, should_end, jobs.finish, job)
    logger.info("job %d ended", job.id)


def _claim(db: Database) -> Job | None:
    """Claim the next waiting job. Reads before it writes, so that an idle worker never holds the write lock."""
    if not _has_waiting_job(db):
        return None
    with db.write() as connection:
        return jobs.claim(connection, f"worker-{os.getpid()}", os.getpid(), own_start())


def _interrupt_orphans(db: Database) -> None:
    with db.write() as connection:
        interrupted = jobs.interrupt_orphans(connection, is_alive)
    if interrupted:
        logger.info("took up interrupted jobs: %s", interrupted)


def _has_waiting_job(db: Database) -> bool:
    with db.read() as connection:
        return jobs.is_any_waiting(connection)


def _cancel_asked(db: Database, job: Job) -> bool:
    with db.read() as connection:
        return jobs.cancel_asked(connection, job.id)


def _record(db: Database, should_end: ShouldStop, record: Callable[..., None], *args: object) -> None:
    """Record how a job ended, as soon as the database can be written; otherwise the job would be done again."""

    def write() -> None:
        with db.write() as connection:
            record(connection, *args)

    _retry(db, write, should_end)


def _save(db: Database, job: Job, advance: Advance, should_end: ShouldStop) -> None:
    """Save a batch, waiting while another process holds the database. Raises Stopped where the job is not ours now."""

    def write() -> bool:
        with db.write() as connection:
            if not jobs.progress(connection, job, advance.done, advance.total, redact(advance.message)):
                raise Stopped  # this process was taken for dead, and another worker has the job
            advance.save(connection)
        return True

    if not _retry(db, write, should_end, BusyError):
        raise Stopped


def _retry(
    db: Database, act: Callable[[], T], should_end: ShouldStop, retried: type[FolderError] = FolderError
) -> T | None:
    """Call ``act`` until it raises no ``retried`` error (a full disk); None where the worker has to end before."""
    while True:
        try:
            return act()
        except retried as error:
            logger.warning("%s", error)
            give_up = time.monotonic() + RETRY_SECONDS
            while time.monotonic() < give_up:
                if should_end():
                    return None
                time.sleep(POLL_SECONDS)
