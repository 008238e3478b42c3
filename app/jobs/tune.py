"""The tune job: a run on its selection, which opens the next round."""

import logging
from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection

from app.engines.engine import Engine
from app.progress import Advance, ShouldStop, Stopped
from app.projects.lookup import job_project
from core.types import Update
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Run

logger = logging.getLogger("switchpoint.worker")


def run_tune(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """Tune on the run's selection; at the end, in one transaction, record the adapter and open the next round."""
    with db.read() as connection:
        project = job_project(connection, job)
        run = store.run_of(connection, job.args["run"])
        known = {update.number: update for update in store.updates_of(connection, run.id)}
    if run.adapter:
        return
    engine.clear()
    folder, remarks = db.adapters / f"run-{run.id}", []

    def on_remark(remark: str) -> None:
        logger.warning(remark)
        remarks.append(remark)

    total = 0
    for update in engine.updates(db, run, should_stop=should_stop, on_remark=on_remark):
        total = update.total
        if known.get(update.number) == update:
            continue  # made before the checkpoint that the run continues from, and saved then
        save = partial(store.save_updates, updates=[update])
        yield Advance(
            save=save, done=update.number, total=total, message="; ".join([_progress_message(run, update), *remarks])
        )
    if not (folder / "adapter").is_dir():
        raise Stopped
    adapter = str((folder / "adapter").relative_to(db.adapters))
    save = partial(_finish_tuning, project=project.id, run=run.id, adapter=adapter)
    yield Advance(save=save, done=total, total=total, message="; ".join(remarks))


def _progress_message(run: Run, update: Update) -> str:
    """Loss and pace, and whether memory was too small for the batch size."""
    said = f"loss {update.loss:.3f}, {update.samples_per_second:.1f} samples a second"
    if update.batch_size < run.settings.batch_size:
        said += f"; batches of {update.batch_size} instead of {run.settings.batch_size}: the memory was too small"
    return said


def _finish_tuning(connection: Connection, project: int, run: int, adapter: str) -> None:
    store.finish_run(connection, run, adapter)
    store.open_round(connection, project, run=run)
