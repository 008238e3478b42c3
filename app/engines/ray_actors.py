"""What runs on the nodes of a Ray cluster: the keeper beside the database, and the hands that hold a model.

Knows pieces of work and the verbs of core; not how pieces are spread, nor what becomes of what is found.
"""

import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.engines.local_engine import Models
from app.labels.labelling import samples_to_label
from app.model_inputs import opening, read_image
from app.settings import model_path
from app.tuning.local_run import SelectedSamples
from core.diagnosis import diagnose, label
from core.errors import UserError
from core.types import Sample, Settings, Skipped
from storage.database import open_database
from storage.store import Project

Image = tuple[bytes, str] | str


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of one piece: its ``results``, what was left out and why, what the person is told, and the sentence
    with which the whole job ends ("": none)."""

    results: list[Any] = field(default_factory=list)
    skipped: list[tuple[Sample, Skipped]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    ended: str = ""


class Keeper:
    """An actor beside the database, which it only reads: hands out what the others work on."""

    def __init__(self, data: Path, items: Sequence[Any]) -> None:
        self._db, self._items = open_database(data), items

    def piece(self, number: int) -> tuple[list[Any], dict[str, Image]]:
        """A piece's items (samples for ids of samples) with their images by hash."""
        items = list(self._items[number])
        if items and isinstance(items[0], int):
            return list(samples_to_label(self._db, array("q", items))), {}
        return items, {each.image: self.image(each.image) for each in items if isinstance(each, Sample) and each.image}

    def image(self, key: str) -> Image:
        """An image's bytes and name, or why it cannot be read."""
        try:
            return read_image(self._db, key)
        except UserError as error:
            return str(error)

    def selected(self, key: int | slice, settings: Settings) -> Any:
        """Samples of a selection, whose ids are the items."""
        return SelectedSamples(self._db, self._items, settings)[key]


class Hand:
    """An actor that holds a model and does pieces with it. What is wrong for a person comes back as a sentence."""

    def __init__(self, keeper: Any, load: Callable[[], Any], do: Callable[..., Done]) -> None:
        self._keeper, self._do, self._why = keeper, do, ""
        try:
            self._model = load()
        except UserError as error:
            self._why = f"{error} (said by {os.uname().nodename})"

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Done]]:
        """Ray Data's form: the numbers of pieces in, what became of each out."""
        return {"done": [self._done(int(number)) for number in batch["piece"]]}

    def _done(self, number: int) -> Done:
        if self._why:
            return Done(ended=self._why)
        items, images = ask(self._keeper.piece, number)
        try:
            return self._do(self._model, items, opening(lambda key: whole(images[key])))
        except UserError as error:
            return Done(ended=str(error))


def ask(method: Any, *given: Any) -> Any:
    """What a method of an actor returns. What it raises for a person is raised here in the same words."""
    import ray

    try:
        return ray.get(method.remote(*given))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise UserError(str(error.cause)) from error
        raise


def whole(image: Image) -> tuple[bytes, str]:
    """An image's bytes and name; UserError with why it could not be read."""
    if isinstance(image, str):
        raise UserError(image)
    return image


def a_student(device: str, project: Project, adapter: Path | None) -> Any:
    """The project's student, with the adapter of its round."""
    return Models(device).student(model_path(project.student), adapter, project.settings.student)


def a_teacher(device: str, project: Project) -> Any:
    """The project's teacher."""
    return Models(device).teacher(model_path(project.teacher))


def predicted(student: Any, samples: list[Sample], open_image: Any, *, settings: Settings, round: int) -> Done:
    """A piece of ``core.student.predict``."""
    from core.student.local import predict

    done = Done()

    def unseen(sample: Sample, why: str) -> None:
        done.skipped.append((sample, Skipped(reason=why, failed=True)))

    for found in predict(student, samples, open_image, settings, round=round, told=done.told.append, unseen=unseen):
        done.results.extend(found)
    return done


def diagnosed(teacher: Any, items: list[Any], _: Any, *, settings: Settings, round: int) -> Done:
    """A piece of ``core.diagnosis.diagnose``."""
    done = Done()
    for found in diagnose(teacher, items, settings, round_id=round, on_skipped=lambda *left: done.skipped.append(left)):
        done.results.extend(found)
    return done


def labelled(teacher: Any, samples: list[Sample], _: Any, *, settings: Settings) -> Done:
    """A piece of ``core.diagnosis.label``."""
    done = Done()
    for found in label(teacher, samples, settings, on_skipped=lambda *left: done.skipped.append(left)):
        done.results.extend(found)
    return done
