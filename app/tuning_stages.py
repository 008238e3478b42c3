"""The jobs that tune: a run on its selection, which opens the next round.

Generators as in ``stages``. Loads models inside functions only, so that importing it costs nothing.
"""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection

from app.batches import Advance, Stop, Stopped
from app.models import Models, adapter_path, image_opener
from app.projects import job_project
from app.settings import model_path
from core.types import Sample
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_tune(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """Tune on the run's selection; at the end, in one transaction, record the adapter and open the next round."""
    from core.tuning import tune

    with db.read() as connection:
        project = job_project(connection, job)
        run = store.run_of(connection, job.args["run"])
        at = store.round_of(connection, run.from_round)
        samples = selected_samples(connection, run.selection)
    if run.adapter:
        return
    models.clear()
    folder = db.adapters / f"run-{run.id}"
    updates = tune(
        model_path(project.student),
        samples,
        image_opener(db),
        run.settings,
        folder=folder,
        run=run.id,
        start_adapter=adapter_path(db, at.adapter),
        stop=stop,
        loading=project.settings.student,
        device=models.device,
    )
    total = 0
    for update in updates:
        total = update.total
        message = f"loss {update.loss:.3f}, {update.samples_per_second:.1f} samples a second"
        save = partial(store.save_updates, updates=[update])
        yield Advance(save=save, done=update.number, total=total, message=message)
    if not (folder / "adapter").is_dir():
        raise Stopped
    adapter = str((folder / "adapter").relative_to(db.adapters))
    save = partial(_finish_tuning, project=project.id, run=run.id, adapter=adapter)
    yield Advance(save=save, done=total, total=total)


def selected_samples(connection: Connection, selection: int) -> list[Sample]:
    """The samples of a selection in the order chosen."""
    hits = store.selection(connection, selection).hits
    samples = store.samples_by_id(connection, [hit.sample for hit in hits])
    return [samples[hit.sample] for hit in hits]


def _finish_tuning(connection: Connection, project: int, run: int, adapter: str) -> None:
    store.finish_run(connection, run, adapter)
    store.open_round(connection, project, run=run)
