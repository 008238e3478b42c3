"""The diagnose job: a diagnosis for each wrong validation prediction of a round that has none."""

import logging
from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import endpoint_teacher
from app.engines.engine import Engine
from app.progress import Advance, ShouldStop, nothing_left, nothing_to_save, raise_if_stopped, stop_between
from app.projects.lookup import job_project
from app.skipped_samples import SkippedSamples, named
from core.diagnosis import diagnose
from storage import store
from storage.database import Database
from storage.jobs import Job

logger = logging.getLogger(__name__)


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
    names, unnamed = {sample.id: sample.source_id for sample, _ in missing}, list[str]()
    for batch in stop_between(should_stop, found):
        done += len(batch)
        unnamed += [names[each.sample] for each in batch if not each.skill and each.switch.mistake_step is not None]
        save = partial(store.save_diagnoses, diagnoses=batch)
        yield Advance(save=save, done=done, total=total, message=remark)
    for name in unnamed:
        logger.warning("sample %s is diagnosed with no skill named", name)
    skipped.raise_for("were not diagnosed", said=_unnamed_text(unnamed))
    remarks = (skipped.left_text("cannot be diagnosed"), _unnamed_text(unnamed), remark)
    if done < total or unnamed:
        yield nothing_to_save(done, total, " ".join(filter(None, remarks)))


def _unnamed_text(names: list[str]) -> str:
    """A sentence that lists the samples whose diagnosis names no skill; "" for none."""
    if not names:
        return ""
    return (
        f"{len(names):,} have no skill named, since the teacher, asked twice, stated an answer or repeated an option, "
        f"the question or a step: {named(names)}. Name it yourself when you review them."
    )
