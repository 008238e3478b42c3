"""The four jobs as generators: each yields what to save and how far it is; the worker saves and counts.

The only place that loads models (inside functions, so that importing it costs nothing). What is left to do is read from
the rows that are missing, so a job that is run again goes on where it stopped and does nothing twice.
"""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from app.endpoints import predictions_at, teacher_at
from app.settings import model_path
from core.types import Role, Sample
from storage import store
from storage.database import Database
from storage.images import image_bytes
from storage.jobs import Job
from storage.store import Project

if TYPE_CHECKING:
    from PIL import Image

    from core.student import Student
    from core.teacher import Teacher

Stop = Callable[[], bool]
Batch = TypeVar("Batch")


class Stopped(Exception):  # noqa: N818 - no error: the person (or the end of the worker) asked for it
    """The job stopped between two batches because ``stop`` said so."""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """One batch: ``save`` writes it; ``done`` of ``total`` counts it. Both go into one transaction."""

    save: Callable[[Connection], Any]
    done: int
    total: int
    message: str = ""


class Models:
    """The student and the teacher used last, kept between jobs so that the next one starts at once."""

    def __init__(self, device: str = "auto") -> None:
        # Read when transformers is first imported: a bar for each loaded model has no place in a log.
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        self.device = device
        self._loaded: dict[str, tuple[tuple[str, ...], Any]] = {}

    def student(self, name: str, adapter: Path | None) -> "Student":
        """The student, with the adapter of its round on top."""
        from core.student import load_student

        key = (name, str(adapter))
        return self._cached("student", key, lambda: load_student(name, adapter=adapter, device=self.device))

    def teacher(self, name: str) -> "Teacher":
        """The text-only teacher."""
        from core.teacher.local import load_teacher

        return self._cached("teacher", (name,), lambda: load_teacher(name, device=self.device))

    def clear(self) -> None:
        """Give the memory back, before tuning takes it."""
        self._loaded.clear()

    def _cached(self, kind: str, key: tuple[str, ...], load: Callable[[], Any]) -> Any:
        if self._loaded.get(kind, ((), None))[0] != key:
            self._loaded.pop(kind, None)
            self._loaded[kind] = (key, load())
        return self._loaded[kind][1]


def run_job(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The generator for the job's kind; raises ``Stopped`` after the batch in which ``stop()`` became true."""
    stages = {"predict": run_predict, "diagnose": run_diagnose, "label": run_label, "tune": run_tune}
    return stages[job.kind](db, job, models, stop)


def image_opener(db: Database) -> Callable[[str], "Image.Image"]:
    """A function from an image's hash to the decoded RGB image, read when it is needed."""
    from PIL import Image

    def open_image(key: str) -> "Image.Image":
        with db.read() as connection:
            data, _ = image_bytes(connection, key)
        with Image.open(io.BytesIO(data)) as image:
            return image.convert("RGB")

    return open_image


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
    batches = predictions_at(db, project, missing, _looking(stop), round=at.id)
    if batches is None:
        from core.student import predict

        student = models.student(model_path(project.student), adapter_path(db, at.adapter))
        batches = predict(student, missing, image_opener(db), project.settings, round=at.id)
    done = total - len(missing)
    for batch in until(stop, batches):
        done += len(batch)
        yield Advance(save=partial(store.save_predictions, predictions=batch), done=done, total=total)
    if done < total:
        message = f"{total - done:,} could not be answered; logs/worker.log says why for each"
        yield Advance(save=lambda _: None, done=done, total=total, message=message)


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
    teacher = teacher_at(db, project, _looking(stop)) or models.teacher(model_path(project.teacher))
    done, total = known, known + len(missing)
    for batch in until(stop, diagnose(teacher, missing, project.settings, round=job.args["round"])):
        done += len(batch)
        save = partial(store.save_diagnoses, diagnoses=batch)
        yield Advance(save=save, done=done, total=total, message=teacher.remark)
    if done < total:
        message = f"{total - done:,} cannot be diagnosed; logs/worker.log says why for each. {teacher.remark}".rstrip()
        yield Advance(save=lambda _: None, done=done, total=total, message=message)


def run_label(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """A skill label for each sample of the support set ``args["support"]`` that has none."""
    from core.skills import label

    with db.read() as connection:
        project = _project(connection, job)
        missing = store.missing_labels(connection, job.args["support"])
        total = next(each.samples for each in store.support_sets(connection) if each.name == job.args["support"])
    if not missing:
        yield nothing_left(total)
        return
    teacher = teacher_at(db, project, _looking(stop)) or models.teacher(model_path(project.teacher))
    done = total - len(missing)
    for batch in until(stop, label(teacher, missing, project.settings)):
        done += len(batch)
        yield Advance(save=partial(store.save_labels, labels=batch), done=done, total=total)


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
    return Advance(save=lambda _: None, done=total, total=total)


def adapter_path(db: Database, adapter: str | None) -> Path | None:
    """Where a round's adapter lies; rows name it relative to the data directory's ``adapters`` folder."""
    return db.adapters / adapter if adapter else None


def until(stop: Stop, batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches, ended by ``Stopped`` once the batch before has been saved and ``stop()`` is true."""
    for batch in batches:
        yield batch
        if stop():
            raise Stopped


def _looking(stop: Stop) -> Callable[[], None]:
    """What an endpoint's ledger does before each request: it ends the job as soon as somebody asks for that."""

    def look() -> None:
        if stop():
            raise Stopped

    return look


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
