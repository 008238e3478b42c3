"""The jobs as generators: each yields what to save and how far it is; the worker saves and counts.

The only place that loads models (inside functions, so that importing it costs nothing). What is left to do is read from
the rows that are missing, so a job that is run again goes on where it stopped and does nothing twice.
"""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection

from app.batches import Advance, Stop, Stopped, looking, nothing_to_save, until
from app.endpoints import predictions_at, teacher_at
from app.import_report import Findings, ImportRequest
from app.labels import label_by_group, label_by_sample
from app.models import Models, adapter_path, image_opener
from app.settings import model_path
from app.support_import import import_support
from app.trying import try_out
from core.errors import UserError
from core.types import Role, Sample
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project


def run_job(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The generator for the job's kind; raises ``Stopped`` after the batch in which ``stop()`` became true."""
    stages = {
        "predict": run_predict,
        "diagnose": run_diagnose,
        "label": run_label,
        "tune": run_tune,
        "import": run_import,
        "try": try_out,
    }
    return stages[job.kind](db, job, models, stop)


def run_predict(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """Predictions for the samples of ``args["roles"]`` that the round ``args["round"]`` (id) has none for."""
    roles: list[Role] = job.args["roles"]
    with db.read() as connection:
        project = _project(connection, job)
        at = store.round_of(connection, job.args["round"])
        missing = [each for role in roles for each in store.missing_predictions(connection, at.id, role)]
        total = sum(store.count_samples(connection, project=project.id, role=role) for role in roles)
    if not missing:
        yield nothing_left(total)
        return
    told = [""]
    batches = predictions_at(db, project, missing, looking(stop), round=at.id)
    if batches is None:
        from core.student import predict

        student = models.student(model_path(project.student), adapter_path(db, at.adapter), project.settings.student)
        batches = predict(student, missing, image_opener(db), project.settings, round=at.id, told=told.append)
    done = total - len(missing)
    for batch in until(stop, batches):
        done += len(batch)
        save = partial(store.save_predictions, predictions=batch)
        yield Advance(save=save, done=done, total=total, message=told[-1])
    if done < total:
        message = f"{total - done:,} could not be answered; logs/worker.log says why for each"
        yield nothing_to_save(done, total, message)


def run_diagnose(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """A diagnosis for each wrong validation prediction of the round that has none."""
    from core.skills import diagnose

    with db.read() as connection:
        project = _project(connection, job)
        missing = store.missing_diagnoses(connection, job.args["round"])
        known = len(store.diagnoses_of(connection, job.args["round"]))
    if not missing:
        yield nothing_left(known)
        return
    teacher = teacher_at(db, project, looking(stop)) or models.teacher(model_path(project.teacher))
    done, total = known, known + len(missing)
    for batch in until(stop, diagnose(teacher, missing, project.settings, round=job.args["round"])):
        done += len(batch)
        save = partial(store.save_diagnoses, diagnoses=batch)
        yield Advance(save=save, done=done, total=total, message=teacher.remark)
    if done < total:
        message = f"{total - done:,} cannot be diagnosed; logs/worker.log says why for each. {teacher.remark}".rstrip()
        yield nothing_to_save(done, total, message)


def run_label(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """A skill label for each sample of the support set ``args["support"]`` that has none; with ``args["by"]`` "group"
    the same one for all samples that share a task and its instruction."""
    name = job.args["support"]
    with db.read() as connection:
        project = _project(connection, job)
        size = next(each for each in store.support_sets(connection) if each.name == name)
    if size.labelled == size.samples:
        yield nothing_left(size.samples)
        return
    teacher = teacher_at(db, project, looking(stop)) or models.teacher(model_path(project.teacher))
    labelled = label_by_group if job.args.get("by") == "group" else label_by_sample
    done = size.labelled
    for batch in until(stop, labelled(db, name, teacher, project.settings)):
        done += len(batch)
        yield Advance(save=partial(store.save_labels, labels=batch), done=done, total=size.samples)


def run_import(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The support set that ``args`` (an ``ImportRequest``) names."""
    request, found = ImportRequest(**job.args), Findings()
    yield from import_support(db, request, found, stop)
    if found.refused_rows and not request.skip_refused:
        raise UserError(found.sentence())
    left = f", {found.refused_rows:,} refused" if found.refused_rows else ""
    message = f"{found.accepted:,} new samples, {found.already_present:,} already there{left}"
    yield nothing_to_save(found.found, found.found, message)


def run_tune(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """Tune on the run's selection; at the end, in one transaction, record the adapter and open the next round."""
    from core.tuning import tune

    with db.read() as connection:
        project = _project(connection, job)
        run = store.run_of(connection, job.args["run"])
        at = store.round_of(connection, run.from_round)
        samples = _selected(connection, run.selection)
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


def nothing_left(total: int) -> Advance:
    """All of ``total`` was there already; no model is loaded to find that out."""
    return nothing_to_save(total, total)


def _project(connection: Connection, job: Job) -> Project:
    assert job.project is not None, "every job of these kinds belongs to a project"
    return store.project(connection, job.project)


def _selected(connection: Connection, selection: int) -> list[Sample]:
    hits = store.selection(connection, selection).hits
    samples = store.samples_by_id(connection, [hit.sample for hit in hits])
    return [samples[hit.sample] for hit in hits]


def _finish_tuning(connection: Connection, project: int, run: int, adapter: str) -> None:
    store.finish_run(connection, run, adapter)
    store.open_round(connection, project, run=run)
