"""The label job: a skill label for each sample of a support set that has none."""

from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import endpoint_teacher
from app.engines.engine import Engine
from app.labels.batch_status import check_batches
from app.labels.labelling import label_targets, labels_for_members, samples_to_label
from app.progress import Advance, ShouldStop, nothing_left, nothing_to_save, raise_if_stopped, stop_between
from app.projects.lookup import job_project
from app.skipped_samples import SkippedSamples
from core.diagnosis import label
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_label(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """A skill label for each sample of the support set ``args["support"]`` that has none; with ``args["by"]`` "group"
    the same one for all samples that share a task and its instruction."""
    name = job.args["support"]
    with db.read() as connection:
        project = job_project(connection, job)
        size = next(each for each in store.support_sets(connection) if each.name == name)
        check_batches(connection, project, name, batch=job.args.get("batch", False))
    if job.args.get("batch"):
        from app.labels.batch_labelling import label_in_batches

        yield from label_in_batches(db, job, project, should_stop)
        return
    if size.labelled == size.samples:
        yield nothing_left(size.samples)
        return
    done, skipped = size.labelled, SkippedSamples()
    ids, members = label_targets(db, name, job.args.get("by", "sample"), seed=project.settings.seed)
    if teacher := endpoint_teacher(db, project, partial(raise_if_stopped, should_stop)):
        found = label(teacher, samples_to_label(db, ids), project.settings, on_skipped=skipped.add)
    else:
        found = engine.labels(db, project, ids, on_skipped=skipped.add)
    for batch in stop_between(should_stop, labels_for_members(found, members)):
        done += len(batch)
        yield Advance(save=partial(store.save_labels, labels=batch), done=done, total=size.samples)
    skipped.raise_for("got no label")
    if left := skipped.left_text("got no label"):
        yield nothing_to_save(done, size.samples, left)
