"""A pool of processes that run trials at the same time and save into the same database.

For machines on which one student leaves CPUs or memory idle. A process stops between two batches when the job is
stopped, and ends at once when its worker is gone. Knows no arm.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing.synchronize import Event
from pathlib import Path

from app.engines.local_engine import LocalEngine
from app.jobs.trials.trial import run_trial
from app.processes.redacted_output import redact_output
from app.progress import Advance, ShouldStop, Stopped, nothing_to_save, raise_if_stopped
from app.settings import AppSettings
from core.types import Trial
from storage import jobs
from storage.database import Database, open_database
from storage.jobs import Job

POLL_SECONDS = 0.5
_stopping: list[Event] = []  # in a process of the pool: the event that is set when the job is stopped


def run_in_pool(
    db: Database, job: Job, trials: Sequence[Trial], should_stop: ShouldStop, *, at_once: int, done: int, total: int
) -> Iterator[Advance]:
    """Run the trials, ``at_once`` of them at a time. Raises what a trial raises, once the running ones have ended."""
    context = multiprocessing.get_context("spawn")
    stopping = context.Event()
    with ProcessPoolExecutor(at_once, context, initializer=_start_process, initargs=(stopping, at_once)) as pool:
        try:
            open_ = {pool.submit(_run_one, db.data, job.id, each): each for each in trials}
            while open_:
                ended, _ = wait(open_, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                for each in ended:
                    del open_[each]
                    each.result()
                    done += 1
                    yield nothing_to_save(done, total, f"{min(at_once, len(open_))} at a time")
                raise_if_stopped(should_stop)
        except BaseException:
            stopping.set()
            _cancel(open_)
            raise


def _cancel(open_: dict["Future[None]", Trial]) -> None:
    for each in open_:
        each.cancel()


def _start_process(stopping: Event, at_once: int) -> None:
    # Read when torch is first imported: the processes share the cores instead of each taking all.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // at_once)))
    redact_output()
    _stopping.append(stopping)
    threading.Thread(target=_exit_with_worker, daemon=True).start()


def _exit_with_worker() -> None:
    """End this process once its worker is gone: it would wait for the next trial for ever, with a model in memory.

    What is saved is consistent at any moment, and the next worker continues.
    """
    worker = multiprocessing.parent_process()
    assert worker is not None, "a process of the pool has a parent"
    worker.join()
    os._exit(1)


def _run_one(data: Path, job: int, trial: Trial) -> None:
    """One trial in this process, saved as it goes."""
    db = open_database(data, background=True)
    try:
        with db.read() as connection:
            asked = jobs.job(connection, job)
        engine = LocalEngine(AppSettings().device)
        for advance in run_trial(db, asked, trial, engine, _stopping[0].is_set):
            with db.write() as connection:
                advance.save(connection)
    except Stopped:
        pass
    finally:
        db.close()
