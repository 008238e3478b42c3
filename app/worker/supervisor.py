"""The minder: a thread of the app that starts a worker again where one died and left a job.

Waits longer each time a worker brought the job no further, and fails a job in which several died at the same place:
one that takes all memory would take it for ever. Knows the job table and how a worker begins, not the page.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.processes.identity import is_alive
from app.processes.worker_process import ensure_worker, worker_pid
from core.errors import UserError
from storage import jobs
from storage.database import Database
from storage.jobs import Job

LOOK_SECONDS = 3.0
LONGEST_SECONDS = 60.0
DEATHS = 3
logger = logging.getLogger("switchpoint.minder")


class Minder:
    """What is remembered between two looks: where the next job stood when a worker was missing, and who died there."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._place = (0, 0)
        self._died: set[tuple[int | None, float | None]] = set()
        self._tries, self._later = 0, 0.0
        self._said = ""

    def mind(self, over: threading.Event) -> None:
        """Begin with a worker, so that the first job need not wait for one, then look until ``over``."""
        self._calmly(lambda: ensure_worker(self._db.data))
        while not over.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Start a worker where a job is left and none serves; what goes wrong is logged, once."""
        self._calmly(self._look)

    @property
    def pause(self) -> float:
        """The seconds from one start to the next: twice as many each time that a start brought the job no further."""
        return min(LOOK_SECONDS * 2.0 ** max(self._tries - 1, 0), LONGEST_SECONDS)

    def _look(self) -> None:
        if worker_pid(self._db.data) is not None:
            self._said = ""
            return
        with self._db.read() as connection:
            job = jobs.next_job(connection)
        if job is None:
            return
        if (job.id, job.done) != self._place:
            self._place, self._died, self._tries, self._later = (job.id, job.done), set(), 0, 0.0
        if job.state != "queued":
            self._died.add((job.pid, job.pid_start))
        if len(self._died) >= DEATHS:
            self._give_up(job)
        elif time.monotonic() >= self._later:
            self._tries += 1
            self._later = time.monotonic() + self.pause
            ensure_worker(self._db.data)

    def _give_up(self, job: Job) -> None:
        logger.warning("job %d: %d workers died in it at the same place", job.id, DEATHS)
        with self._db.write() as connection:
            jobs.interrupt_orphans(connection, is_alive)
            jobs.fail_interrupted(
                connection,
                job.id,
                f"{DEATHS} workers died at the same place in this job (after {job.done:,} of {job.total:,}), perhaps "
                "for want of memory: close other programs or choose smaller batches, then ask for it again.",
            )

    def _calmly(self, act: Callable[[], object]) -> None:
        try:
            act()
        except UserError as error:
            self._say(str(error))
        except Exception as error:  # a bug here must not leave the jobs without a minder
            self._say(f"a bug in the minder: {type(error).__name__}: {error}")

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            logger.warning("%s", sentence)
        self._said = sentence


@contextmanager
def minded(db: Database) -> Iterator[None]:
    """A minder until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=Minder(db).mind, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1.0)
