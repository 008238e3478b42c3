"""The actors of the Ray engine: the store of work beside the database, and the actors that hold a model.

Knows pieces of work and the functions of ``core``; not how pieces are scheduled, nor what is done with the results.
"""

import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.engines.local_engine import LocalEngine
from app.labels.labelling import samples_to_label
from app.model_inputs import image_opener_from, read_image
from app.settings import model_path
from app.tuning.local_run import SelectedSamples
from core.diagnosis import diagnose, label
from core.errors import UserError
from core.types import OnSkipped, RoundId, Sample, Settings, Skipped
from storage.database import open_database
from storage.store import Project

ImageContent = tuple[bytes, str]
"""An image's bytes and its name for error messages."""


@dataclass(frozen=True, kw_only=True)
class PieceResult:
    """The outcome of one piece: its ``results``, the skipped samples with the reason, remarks for the user, and the
    message of the UserError that ends the whole job ("" where there is none)."""

    results: list[Any] = field(default_factory=list)
    skipped: list[tuple[Sample, Skipped]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    error: str = ""


class WorkStore:
    """An actor on the database's machine that serves the items of each piece; it only reads the database."""

    def __init__(self, data: Path, items: Sequence[Any]) -> None:
        self._db, self._items = open_database(data, background=True), items

    def piece(self, number: int) -> tuple[list[Any], dict[str, ImageContent | str]]:
        """A piece's items (the samples where it lists ids) and their images by hash (as ``image`` returns them)."""
        items = list(self._items[number])
        if items and isinstance(items[0], int):
            return list(samples_to_label(self._db, array("q", items))), {}
        return items, {each.image: self.image(each.image) for each in items if isinstance(each, Sample) and each.image}

    def image(self, key: str) -> ImageContent | str:
        """An image's bytes and name, or why it cannot be read."""
        try:
            return read_image(self._db, key)
        except UserError as error:
            return str(error)

    def selected(self, key: int | slice, settings: Settings) -> Any:
        """Samples of a selection, whose ids are the items."""
        return SelectedSamples(self._db, self._items, settings)[key]


class ModelActor:
    """An actor that holds a model and processes pieces with it. A UserError is returned as its message."""

    def __init__(self, work_store: Any, load: Callable[[], Any], process: Callable[..., PieceResult]) -> None:
        self._work_store, self._process, self._error = work_store, process, ""
        try:
            self._model = load()
        except UserError as error:
            self._error = f"{error} (said by {os.uname().nodename})"

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[PieceResult]]:
        """The callable that Ray Data expects: numbers of pieces in, their results out."""
        return {"result": [self._result(int(number)) for number in batch["piece"]]}

    def _result(self, number: int) -> PieceResult:
        if self._error:
            return PieceResult(error=self._error)
        items, images = call_actor(self._work_store.piece, number)
        try:
            return self._process(self._model, items, image_opener_from(lambda key: image_or_raise(images[key])))
        except UserError as error:
            return PieceResult(error=str(error))


def call_actor(method: Any, *arguments: Any) -> Any:
    """The return value of an actor's method. Raises a UserError of the method as one here, with the same message."""
    import ray

    try:
        return ray.get(method.remote(*arguments))
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise UserError(str(error.cause)) from error
        raise


def image_or_raise(image: ImageContent | str) -> ImageContent:
    """What ``WorkStore.image`` returned, where it is an image. Raises UserError with the reason where it is not."""
    if isinstance(image, str):
        raise UserError(image)
    return image


def load_student(device: str, project: Project, adapter: Path | None) -> Any:
    """The project's student, with the adapter of its round."""
    return LocalEngine(device).student(model_path(project.student), adapter, project.settings.student)


def load_teacher(device: str, project: Project) -> Any:
    """The project's teacher."""
    return LocalEngine(device).teacher(model_path(project.teacher))


def predict_piece(
    student: Any, samples: list[Sample], open_image: Any, *, settings: Settings, round_id: RoundId
) -> PieceResult:
    """``core.student.local.predict`` on a piece."""
    from core.student.local import predict

    result = PieceResult()

    batches = predict(
        student,
        samples,
        open_image,
        settings,
        round_id=round_id,
        on_remark=result.remarks.append,
        on_skipped=_append_to(result.skipped),
    )
    for batch in batches:
        result.results.extend(batch)
    return result


def diagnose_piece(teacher: Any, items: list[Any], _: Any, *, settings: Settings, round_id: RoundId) -> PieceResult:
    """``core.diagnosis.diagnose`` on a piece."""
    result = PieceResult()
    on_skipped = _append_to(result.skipped)
    for batch in diagnose(teacher, items, settings, round_id=round_id, on_skipped=on_skipped):
        result.results.extend(batch)
    return result


def label_piece(teacher: Any, samples: list[Sample], _: Any, *, settings: Settings) -> PieceResult:
    """``core.diagnosis.label`` on a piece."""
    result = PieceResult()
    for batch in label(teacher, samples, settings, on_skipped=_append_to(result.skipped)):
        result.results.extend(batch)
    return result


def _append_to(skipped: list[tuple[Sample, Skipped]]) -> OnSkipped:
    return lambda sample, why: skipped.append((sample, why))
