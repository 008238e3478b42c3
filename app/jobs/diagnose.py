"""The diagnose job: a diagnosis for each wrong validation prediction of a round that has none."""

from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import endpoint_teacher
from app.engines.engine import Engine
from app.progress import Advance, ShouldStop, nothing_left, nothing_to_save, raise_if_stopped, stop_between
from app.projects.lookup import job_project
from app.skipped_samples import SkippedSamples
from core.diagnosis import diagnose
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_diagnose(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """A diagnosis for each wrong validation prediction of the round that has none."""
    with db.read() as connection:
        project = job_project(connection, job)
        missing = store.missing_diagnoses(connection, job.args["round"])
        known = len(store.diagnoses_of(connection, job.args["round"]))
    if not missing:
        yield nothing_left(known)
        return
    done, total, skipped, remark, round_id = known, known + len(missing), SkippedSamples(), "", job.args["round"]
    if teacher := endpoint_teacher(db, project, partial(raise_if_stopped, should_stop)):
        remark = teacher.remark
        found = diagnose(teacher, missing, project.settings, round_id=round_id, on_skipped=skipped.add)
    else:
        found = engine.diagnoses(db, project, missing, round_id=round_id, on_skipped=skipped.add)
    for batch in stop_between(should_stop, found):
        done += len(batch)
        save = partial(store.save_diagnoses, diagnoses=batch)
        yield Advance(save=save, done=done, total=total, message=remark)
    skipped.raise_for("were not diagnosed")
    if done < total:
        message = f"{total - done:,} cannot be diagnosed; logs/worker.log says why for each. {remark}".rstrip()
        yield nothing_to_save(done, total, message)
