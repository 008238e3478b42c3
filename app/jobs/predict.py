"""The predict job: predictions for the samples of a round that have none.

What is left to do are the missing rows, so that a job that is run again continues where it stopped.
"""

from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import endpoint_predictions
from app.engines.engine import Engine
from app.progress import Advance, ShouldStop, nothing_left, nothing_to_save, raise_if_stopped, stop_between
from app.projects.lookup import job_project
from app.skipped_samples import SkippedSamples
from core.types import Role
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_predict(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """Predictions for the samples of ``args["roles"]`` that the round ``args["round"]`` (id) has none for."""
    roles: list[Role] = job.args["roles"]
    with db.read() as connection:
        project = job_project(connection, job)
        round_ = store.round_of(connection, job.args["round"])
        missing = [each for role in roles for each in store.missing_predictions(connection, round_.id, role)]
        total = sum(store.count_samples(connection, project=project.id, role=role) for role in roles)
    if not missing:
        yield nothing_left(total)
        return
    remarks, skipped = [""], SkippedSamples()
    check_stopped = partial(raise_if_stopped, should_stop)
    batches = endpoint_predictions(db, project, missing, check_stopped, round_id=round_.id, on_skipped=skipped.add)
    if batches is None:
        batches = engine.predictions(db, project, round_, missing, on_remark=remarks.append, on_skipped=skipped.add)
    done = total - len(missing)
    for batch in stop_between(should_stop, batches):
        done += len(batch)
        save = partial(store.save_predictions, predictions=batch)
        yield Advance(save=save, done=done, total=total, message=remarks[-1])
    skipped.raise_for("were not answered")
    if done < total:
        yield nothing_to_save(done, total, skipped.left_text("could not be answered"))
