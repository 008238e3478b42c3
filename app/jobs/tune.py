"""The jobs that tune: a run on its selection, which opens the next round, and a measure of what a run would take.

Generators as in ``stages``. Loads models inside functions only, so that importing it costs nothing.
"""

import logging
from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection

from app.engines.engine import Engine
from app.model_inputs import adapter_path, image_opener
from app.progress import Advance, ShouldStop, Stopped
from app.projects.lookup import job_project
from app.rendering.formatting import duration
from app.settings import model_path
from app.tuning.local_run import SelectedSamples
from core.types import TuningSettings, Update
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

    def remark(said: str) -> None:
        logger.warning(said)
        remarks.append(said)

    total = 0
    for update in engine.updates(db, run, should_stop=should_stop, on_remark=remark):
        total = update.total
        if known.get(update.number) == update:
            continue  # made before a checkpoint that the run goes on from, and saved then
        save = partial(store.save_updates, updates=[update])
        yield Advance(save=save, done=update.number, total=total, message="; ".join([_told(run, update), *remarks]))
    if not (folder / "adapter").is_dir():
        raise Stopped
    adapter = str((folder / "adapter").relative_to(db.adapters))
    save = partial(_finish_tuning, project=project.id, run=run.id, adapter=adapter)
    yield Advance(save=save, done=total, total=total, message="; ".join(remarks))


def run_measure(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """What a run on the selection ``args["selection"]`` with ``args["settings"]`` would take, by a few real updates."""
    from core.tuning.estimate import TIMED, measure

    settings = TuningSettings(**job.args["settings"])
    with db.read() as connection:
        project = job_project(connection, job)
        round_ = store.round_of(connection, job.args["round"])
        ids = store.selected_sample_ids(connection, job.args["selection"])
    engine.clear()
    estimates = measure(
        model_path(project.student),
        SelectedSamples(db, ids, project.settings),
        image_opener(db),
        settings,
        start_adapter=adapter_path(db, round_.adapter),
        should_stop=should_stop,
        loading=project.settings.student,
        device=engine.device,
    )
    for done, estimate in enumerate(estimates, 1):
        total = 1 + min(TIMED, estimate.updates)
        message = f"about {duration(estimate.seconds)}" if estimate.measured else ""
        save = partial(
            store.save_tuning_estimate, selection_id=job.args["selection"], settings=settings, estimate=estimate
        )
        yield Advance(save=save, done=done, total=total, message=message)
    if should_stop():
        raise Stopped


def _told(run: Run, update: Update) -> str:
    """How the run goes, and that memory was too small for its batches."""
    said = f"loss {update.loss:.3f}, {update.samples_per_second:.1f} samples a second"
    if update.batch_size < run.settings.batch_size:
        said += f"; batches of {update.batch_size} instead of {run.settings.batch_size}: the memory was too small"
    return said


def _finish_tuning(connection: Connection, project: int, run: int, adapter: str) -> None:
    store.finish_run(connection, run, adapter)
    store.open_round(connection, project, run=run)
