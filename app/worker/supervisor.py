"""The supervisor: a thread of the app that starts a worker again where one died and left a job.

It waits longer after each worker that made no progress with the job, and fails a job in which several workers died at
the same place, since one that takes all memory would take it again. Knows the job table and how a worker is started,
not the page.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.processes.identity import is_alive
from app.processes.worker_process import ensure_worker, stalled_worker, worker_pid
from core.errors import UserError
from storage import jobs
from storage.database import Database
from storage.disk_reserve import fill_reserve
from storage.jobs import Job

POLL_SECONDS = 3.0
MAX_PAUSE_SECONDS = 60.0
MAX_DEATHS = 3  # workers that may die at the same place of a job before it is failed
logger = logging.getLogger("switchpoint.supervisor")


class Supervisor:
    """Remembers from one check to the next where the job stood when its worker was missing, and which workers died."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._place = (0, 0)
        self._died: set[tuple[int | None, float | None]] = set()
        self._starts, self._next_start = 0, 0.0
        self._last_warning = ""

    def run(self, stopped: threading.Event) -> None:
        """Start a worker, so that the first job does not wait for one, then check until ``stopped`` is set."""
        self._log_errors(lambda: ensure_worker(self._db.data))
        while not stopped.wait(POLL_SECONDS):
            self.check()

    def check(self) -> None:
        """Start a worker where a job is left and no worker runs; errors are logged, each once."""
        fill_reserve(self._db.data)
        self._log_errors(self._check)

    @property
    def pause(self) -> float:
        """The seconds from one start to the next: doubled after each start that made no progress with the job."""
        return min(POLL_SECONDS * 2.0 ** max(self._starts - 1, 0), MAX_PAUSE_SECONDS)

    def _check(self) -> None:
        if worker_pid(self._db.data) is not None:
            if stalled := stalled_worker(self._db.data):
                self._warn_once(stalled)
            else:
                self._last_warning = ""
            return
        with self._db.read() as connection:
            job = jobs.next_job(connection)
        if job is None:
            return
        if (job.id, job.done) != self._place:
            self._place, self._died, self._starts, self._next_start = (job.id, job.done), set(), 0, 0.0
        if job.state != "queued":
            self._died.add((job.pid, job.pid_start))
        if len(self._died) >= MAX_DEATHS:
            self._give_up(job)
        elif time.monotonic() >= self._next_start:
            self._starts += 1
            self._next_start = time.monotonic() + self.pause
            ensure_worker(self._db.data)

    def _give_up(self, job: Job) -> None:
        logger.warning("job %d: %d workers died in it at the same place", job.id, MAX_DEATHS)
        with self._db.write() as connection:
            jobs.interrupt_orphans(connection, is_alive)
            jobs.fail_interrupted(
                connection,
                job.id,
                f"{MAX_DEATHS} workers died at the same place in this job (after {job.done:,} of {job.total:,}), "
                "perhaps for want of memory: close other programs or choose smaller batches, then ask for it again.",
            )

    def _log_errors(self, act: Callable[[], object]) -> None:
        try:
            act()
        except UserError as error:
            self._warn_once(str(error))
        except Exception as error:  # a bug here must not leave the jobs without a supervisor
            self._warn_once(f"a bug in the supervisor: {type(error).__name__}: {error}")

    def _warn_once(self, sentence: str) -> None:
        if sentence != self._last_warning:
            logger.warning("%s", sentence)
        self._last_warning = sentence


@contextmanager
def supervised(db: Database) -> Iterator[None]:
    """Run a supervisor until the block ends."""
    stopped = threading.Event()
    thread = threading.Thread(target=Supervisor(db).run, args=(stopped,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(1.0)
