"""Waits for a job or worker in another process, and shows the worker's log where that takes too long."""

import time
from collections.abc import Callable

from storage import jobs
from storage.database import Database
from storage.jobs import Job

TIMEOUT_SECONDS = 240.0


def wait_for(condition: Callable[[], object], db: Database, *, timeout: float = TIMEOUT_SECONDS) -> None:
    """Return once the condition is true; fail with the worker's log after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        log = db.data / "logs" / "worker.log"
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no worker ever started"
        time.sleep(0.01)


def read_job(db: Database, key: int) -> Job:
    """The job as it is now."""
    with db.read() as connection:
        return jobs.job(connection, key)
