"""The jobs as generators: each yields what to save and how far it is; the worker saves and counts.

Loads models inside functions only, so that importing it costs nothing. What is left to do is read from
the rows that are missing, so a job that is run again goes on where it stopped and does nothing twice.
"""

from collections.abc import Iterator
from functools import partial

from app.batches import Advance, Stop, looking, nothing_to_save, until
from app.endpoints import predictions_at, teacher_at
from app.failures import Failures
from app.import_report import Findings, ImportRequest
from app.label_batches import check_batches, label_in_batches
from app.labels import for_all, samples_to_label, to_label
from app.models import Models
from app.projects import job_project
from app.support_import import import_support
from core.errors import UserError
from core.teacher import Skipped
from core.types import Role, Sample
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_predict(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
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

        batches = models.predictions(db, project, at, missing, told=told.append, unseen=unseen)
    done = total - len(missing)
    for batch in until(stop, batches):
        done += len(batch)
        save = partial(store.save_predictions, predictions=batch)
        yield Advance(save=save, done=done, total=total, message=told[-1])
    failures.told("were not answered")
    if done < total:
        message = f"{total - done:,} could not be answered; logs/worker.log says why for each"
        yield nothing_to_save(done, total, message)


def run_diagnose(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """A diagnosis for each wrong validation prediction of the round that has none."""
    from core.skills import diagnose

    with db.read() as connection:
        project = job_project(connection, job)
        missing = store.missing_diagnoses(connection, job.args["round"])
        known = len(store.diagnoses_of(connection, job.args["round"]))
    if not missing:
        yield nothing_left(known)
        return
    done, total, failures, remark, at = known, known + len(missing), Failures(), "", job.args["round"]
    if teacher := teacher_at(db, project, looking(stop)):
        remark = teacher.remark
        found = diagnose(teacher, missing, project.settings, round=at, skipped=failures.note)
    else:
        found = models.diagnoses(db, project, missing, round=at, skipped=failures.note)
    for batch in until(stop, found):
        done += len(batch)
        save = partial(store.save_diagnoses, diagnoses=batch)
        yield Advance(save=save, done=done, total=total, message=remark)
    failures.told("were not diagnosed")
    if done < total:
        message = f"{total - done:,} cannot be diagnosed; logs/worker.log says why for each. {remark}".rstrip()
        yield nothing_to_save(done, total, message)


def run_label(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """A skill label for each sample of the support set ``args["support"]`` that has none; with ``args["by"]`` "group"
    the same one for all samples that share a task and its instruction."""
    from core.skills import label

    name = job.args["support"]
    with db.read() as connection:
        project = job_project(connection, job)
        size = next(each for each in store.support_sets(connection) if each.name == name)
        check_batches(connection, project, name, batch=job.args.get("batch", False))
    if job.args.get("batch"):
        yield from label_in_batches(db, job, project, stop)
        return
    if size.labelled == size.samples:
        yield nothing_left(size.samples)
        return
    done, failures = size.labelled, Failures()
    ids, members = to_label(db, name, job.args.get("by", "sample"), seed=project.settings.seed)
    if teacher := teacher_at(db, project, looking(stop)):
        found = label(teacher, samples_to_label(db, ids), project.settings, skipped=failures.note)
    else:
        found = models.labels(db, project, ids, skipped=failures.note)
    for batch in until(stop, for_all(found, members)):
        done += len(batch)
        yield Advance(save=partial(store.save_labels, labels=batch), done=done, total=size.samples)
    failures.told("got no label")


def run_import(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The support set that ``args`` (an ``ImportRequest``) names."""
    request, found = ImportRequest(**job.args), Findings()
    yield from import_support(db, request, found, stop)
    if found.refused_rows and not request.skip_refused:
        raise UserError(found.sentence())
    left = f", {found.refused_rows:,} refused" if found.refused_rows else ""
    message = f"{found.accepted:,} new samples, {found.already_present:,} already there{left}"
    yield nothing_to_save(found.found, found.found, message)


def nothing_left(total: int) -> Advance:
    """All of ``total`` was there already; no model is loaded to find that out."""
    return nothing_to_save(total, total)
