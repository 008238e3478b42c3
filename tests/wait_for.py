"""Waits for a job or worker in another process, and shows the worker's log where that takes too long."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.processes.worker_process import worker_pid
from storage import jobs
from storage.database import Database, open_database
from storage.jobs import Job

TIMEOUT_SECONDS = 240.0


def wait_for(condition: Callable[[], object], db: Database | None = None, *, timeout: float = TIMEOUT_SECONDS) -> None:
    """Return once the condition is true; fail after ``timeout`` seconds, with the worker's log where there is a
    database."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came true" if db is None else _log_of(db)
        time.sleep(0.01)


def _log_of(db: Database) -> str:
    log = db.data / "logs" / "worker.log"
    return log.read_text() if log.exists() else "no worker ever started"


@contextmanager
def open_for_workers(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database whose workers take one thread and leave as soon as they are idle; it is closed after they left."""
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.01")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with closing(open_database(data)) as db:
        yield db
        wait_for(lambda: worker_pid(data) is None, db)


def read_job(db: Database, key: int) -> Job:
    """The job as it is now."""
    with db.read() as connection:
        return jobs.job(connection, key)
