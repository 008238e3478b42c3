"""The predict job: predictions for the samples of a round that have none.

Imports no model library; what is left to do is read from the rows that are missing, so a job that is run again goes on
where it stopped and does nothing twice.
"""

from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import predictions_at
from app.engines.engine import Engine
from app.progress import Advance, Stop, looking, nothing_left, nothing_to_save, until
from app.projects.lookup import job_project
from app.skipped_samples import Failures
from core.types import Role, Sample, Skipped
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_predict(db: Database, job: Job, engine: Engine, stop: Stop) -> Iterator[Advance]:
    """Predictions for the samples of ``args["roles"]`` that the round ``args["round"]`` (id) has none for."""
    roles: list[Role] = job.args["roles"]
    with db.read() as connection:
        project = job_project(connection, job)
        at = store.round_of(connection, job.args["round"])
        missing = [each for role in roles for each in store.missing_predictions(connection, at.id, role)]
        total = sum(store.count_samples(connection, project=project.id, role=role) for role in roles)
    if not missing:
        yield nothing_left(total)
        return
    told, failures = [""], Failures()
    batches = predictions_at(db, project, missing, looking(stop), round=at.id, failures=failures)
    if batches is None:

        def unseen(sample: Sample, why: str) -> None:
            failures.note(sample, Skipped(reason=why, failed=True))

        batches = engine.predictions(db, project, at, missing, on_remark=told.append, on_unseen=unseen)
    done = total - len(missing)
    for batch in until(stop, batches):
        done += len(batch)
        save = partial(store.save_predictions, predictions=batch)
        yield Advance(save=save, done=done, total=total, message=told[-1])
    failures.told("were not answered")
    if done < total:
        message = f"{total - done:,} could not be answered; logs/worker.log says why for each"
        yield nothing_to_save(done, total, message)
