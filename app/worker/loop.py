"""The worker: one process per data directory that takes up jobs, saves each batch, and outlives the page.

A file lock holds "one per directory"; the operating system lets it go however the process ends. Knows the job table
and the stages, not the page. Started by the app it is detached (own session, output to ``logs/worker.log``) and leaves
after some idle minutes, so that no model sits in memory overnight; the next job starts another. ``switchpoint worker``
in a terminal stays until Ctrl-C.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.engines.engine import Engine
from app.processes.identity import is_alive, own_start
from app.processes.worker_process import worker_lock
from app.progress import BUG, Advance, Stopped
from app.worker.registry import run_job
from core.errors import BusyError, FolderError, UserError
from core.redaction import redact
from storage import jobs
from storage.database import Database, open_database
from storage.errors import folder_error
from storage.jobs import Job

POLL_SECONDS = 0.3
PATIENCE_SECONDS = 5.0
Kept = TypeVar("Kept")
logger = logging.getLogger("switchpoint.worker")


def serve_jobs(data: Path, engine: Engine, *, idle_minutes: float | None) -> None:
    """Work until SIGTERM or Ctrl-C, or until ``idle_minutes`` have passed without a job (None: stay)."""
    ended: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _: ended.append(number))
    db = open_database(data)
    try:
        while True:
            with worker_lock(data):
                logger.info("worker %d serves %s", os.getpid(), data)
                _until_idle(db, engine, idle_minutes, lambda: bool(ended))
            # A job queued between the last look and the release found the lock held and started no worker.
            if ended or not _waiting(db):
                return
    finally:
        db.close()


def work_off(db: Database, job: Job, engine: Engine) -> Job:
    """Do a queued job in this process (for headless runs) and return it done; a failed one raises ``UserError``."""
    with worker_lock(db.data):
        _take_up_orphans(db)
        while taken := _claim(db):
            run_one(db, taken, engine, lambda: False)
    with db.read() as connection:
        ended = jobs.job(connection, job.id)
    if ended.state != "done":
        raise UserError(ended.error or f"Job {job.id} ({job.kind}) was {ended.state}: start again.")
    return ended


def _until_idle(db: Database, engine: Engine, idle_minutes: float | None, ended: Callable[[], bool]) -> None:
    _patiently(db, lambda: _take_up_orphans(db), ended)
    last = time.monotonic()
    while not ended():
        if job := _patiently(db, lambda: _claim(db), ended):
            run_one(db, job, engine, ended)
            last = time.monotonic()
        elif idle_minutes is not None and time.monotonic() - last >= idle_minutes * 60:
            return
        else:
            time.sleep(POLL_SECONDS)


def run_one(db: Database, job: Job, engine: Engine, ended: Callable[[], bool]) -> None:
    """Run one claimed job to its end and record how it ended; nothing that a job does ends the worker."""
    logger.info("job %d: %s %s", job.id, job.kind, job.args)
    try:
        for advance in run_job(db, job, engine, lambda: ended() or _cancel_asked(db, job)):
            _save(db, job, advance, ended)
    except Stopped:
        # Ended by a signal, the row stays "running": the next worker finds its process gone and takes it up.
        if _cancel_asked(db, job):
            _record(db, ended, jobs.finish_cancelled, job)
    except UserError as error:
        _record(db, ended, jobs.fail, job, str(error))
    except Exception as error:  # the worker outlives a bug in one job: it is logged whole and shown on the job
        logger.exception("job %d failed", job.id)
        said = redact(f"{type(error).__name__}: {error}")
        bug = f"{BUG} ({said}); the traceback is in {db.data / 'logs' / 'worker.log'}."
        _record(db, ended, jobs.fail, job, str(folder_error(error, db.data) or bug))
    else:
        _record(db, ended, jobs.finish, job)
    logger.info("job %d ended", job.id)


def _claim(db: Database) -> Job | None:
    """The next waiting job, now ours. Looks before it writes, so that an idle worker never holds the write lock."""
    if not _waiting(db):
        return None
    with db.write() as connection:
        return jobs.claim(connection, f"worker-{os.getpid()}", os.getpid(), own_start())


def _take_up_orphans(db: Database) -> None:
    with db.write() as connection:
        interrupted = jobs.interrupt_orphans(connection, is_alive)
    if interrupted:
        logger.info("took up interrupted jobs: %s", interrupted)


def _waiting(db: Database) -> bool:
    with db.read() as connection:
        return any(job.state in jobs.WAITING for job in jobs.jobs_of(connection))


def _cancel_asked(db: Database, job: Job) -> bool:
    with db.read() as connection:
        return jobs.cancel_asked(connection, job.id)


def _record(db: Database, ended: Callable[[], bool], how: Callable[..., None], *args: object) -> None:
    """Write down how a job ended, as soon as there is room for that; one that ended untold would be done again."""

    def write() -> None:
        with db.write() as connection:
            how(connection, *args)

    _patiently(db, write, ended)


def _save(db: Database, job: Job, advance: Advance, ended: Callable[[], bool]) -> None:
    """Save a batch. While something else holds the database it waits: the batch cost work, and nothing is wrong."""

    def write() -> bool:
        with db.write() as connection:
            if not jobs.progress(connection, job, advance.done, advance.total, redact(advance.message)):
                raise Stopped  # taken for dead: the job is another worker's, who does this batch too
            advance.save(connection)
        return True

    if not _patiently(db, write, ended, BusyError):
        raise Stopped


def _patiently(
    db: Database, act: Callable[[], Kept], ended: Callable[[], bool], passing: type[FolderError] = FolderError
) -> Kept | None:
    """Act as soon as the data folder allows it (None when the worker is to end before): a full disk gets room again."""
    while True:
        try:
            return act()
        except passing as error:
            logger.warning("%s", error)
            give_up = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < give_up:
                if ended():
                    return None
                time.sleep(POLL_SECONDS)
