"""The measure job: the memory and time of a tuning run, from a few real updates."""

from collections.abc import Iterator
from functools import partial

from app.engines.engine import Engine
from app.model_inputs import adapter_path, image_opener
from app.progress import Advance, ShouldStop, raise_if_stopped
from app.projects.lookup import job_project
from app.rendering.formatting import duration
from app.settings import model_path
from app.tuning.local_run import SelectedSamples
from core.types import TuningSettings
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_measure(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """What a run on the selection ``args["selection"]`` (id) with ``args["settings"]`` would take."""
    from core.tuning.estimate import MAX_TIMED_UPDATES, estimate_tuning

    settings = TuningSettings(**job.args["settings"])
    with db.read() as connection:
        project = job_project(connection, job)
        round_ = store.round_of(connection, job.args["round"])
        ids = store.selected_sample_ids(connection, job.args["selection"])
    engine.clear()
    estimates = estimate_tuning(
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
        total = 1 + min(MAX_TIMED_UPDATES, estimate.updates)
        message = f"about {duration(estimate.seconds)}" if estimate.measured else ""
        save = partial(
            store.save_tuning_estimate, selection_id=job.args["selection"], settings=settings, estimate=estimate
        )
        yield Advance(save=save, done=done, total=total, message=message)
    raise_if_stopped(should_stop)
