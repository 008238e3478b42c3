"""Read samples and predictions from files that people have; each format has a module of its own.

Reports every row that cannot be used with its file, line and field, and imports nothing itself: saving, and whether one
refused row stops the rest, is the caller's decision. ``line`` is the line of the file, from 1, that a row begins on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import UserError
from core.importers import bigbench_mistake
from core.importers.images import ImageFolder, ImageRef, Images, ImageSource, ImageZip
from core.importers.llava import sample_of
from core.importers.predictions import prediction_of
from core.importers.report import ImportedPrediction, ImportedPredictions, ImportedSamples, RowError
from core.importers.rows import Row, RowFile, open_rows, open_zip
from core.types import Refusal, Role, Sample

__all__ = [
    "ImageRef",
    "ImportedPrediction",
    "ImportedPredictions",
    "ImportedSamples",
    "read_predictions",
    "read_samples",
]


Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class _Collected(Generic[Read]):
    """What the rows of a file gave: the items read, and the rows refused."""

    items: tuple[Read, ...]
    found: int
    refused: tuple[Refusal, ...]
    duplicates: int


def read_samples(path: Path, *, role: Role, images: Path | None = None) -> ImportedSamples:
    """Samples from LLaVA-style JSON, JSONL or either gzipped, alone or in a folder or zip.

    Image names are relative to ``images`` (a folder or zip), by default to where the file itself lies; a folder
    "images" there is looked into as well. Raises UserError when the file as a whole cannot be read.
    """
    with open_rows(path, prefer=role) as file:
        checked = Images(_source(images) if images else file.images)
        first, rows = _peek(file)
        if first is not None and _kind(first.value) in ("predictions", bigbench_mistake.TASK):
            raise UserError(f"{file.name} holds predictions, not samples: import it as predictions.")
        collected = _collect(
            file.name, rows, lambda value: sample_of(value, role, checked.hash_of), lambda sample: sample.source_id
        )
    used = {sample.image for sample in collected.items}
    return ImportedSamples(
        format="LLaVA " + file.format,
        found=collected.found,
        samples=collected.items,
        images={key: image for key, image in checked.by_hash.items() if key in used},
        refused=collected.refused,
        duplicates=collected.duplicates,
    )


def read_predictions(path: Path, known: Mapping[str, Sample]) -> ImportedPredictions:
    """Predictions for the known samples (by source id), or BIG-Bench Mistake's, which bring their samples along.

    Raises UserError when the file as a whole cannot be read.
    """
    with open_rows(path, prefer="predictions") as file:
        first, rows = _peek(file)
        kind = "" if first is None else _kind(first.value)
        if kind == "samples":
            raise UserError(
                f"{file.name} holds samples, not predictions: import it as a validation, test or support set."
            )
        category = Path(file.name).name.split(".")[0]

        def read(value: Any) -> tuple[Sample | None, ImportedPrediction]:
            if kind == bigbench_mistake.TASK:
                return bigbench_mistake.sample_and_prediction(value, category)
            return None, prediction_of(value, known)

        collected = _collect(file.name, rows, read, lambda pair: pair[1].source_id)
    brought = (sample for sample, _ in collected.items if sample is not None)
    return ImportedPredictions(
        format=f"{kind or 'predictions'} {file.format}",
        found=collected.found,
        samples=tuple(sample for sample in brought if sample.source_id not in known),
        predictions=tuple(prediction for _, prediction in collected.items),
        refused=collected.refused,
        duplicates=collected.duplicates,
    )


def _collect(
    name: str, rows: Iterator[Row], read: Callable[[Any], Read], id_of: Callable[[Read], str]
) -> _Collected[Read]:
    items: dict[str, Read] = {}
    refused: list[Refusal] = []
    found = duplicates = 0
    for row in rows:
        found += 1
        try:
            if row.error:
                raise RowError("row", row.error)
            item = read(row.value)
            if id_of(item) in items:
                duplicates += 1
                raise RowError("id", f"The id “{id_of(item)}” occurs on an earlier line.")
            items[id_of(item)] = item
        except RowError as error:
            refused.append(Refusal(file=name, line=row.line, field=error.field, reason=error.reason))
    if not found:
        raise UserError(f"{name} holds no rows: there is nothing to import.")
    return _Collected(items=tuple(items.values()), found=found, refused=tuple(refused), duplicates=duplicates)


def _peek(file: RowFile) -> tuple[Row | None, Iterator[Row]]:
    first = next(file.rows, None)
    return first, chain(() if first is None else (first,), file.rows)


def _kind(value: Any) -> str:
    """What a row looks like: "samples", "predictions", BIG-Bench Mistake's own name, or "" for none of them."""
    if bigbench_mistake.is_row(value):
        return bigbench_mistake.TASK
    if not isinstance(value, dict):
        return ""
    return "samples" if "conversations" in value else "predictions" if value.keys() & {"rationale", "steps"} else ""


def _source(path: Path) -> ImageSource:
    if path.is_dir():
        return ImageFolder(path)
    if not path.is_file():
        raise UserError(f"There is no folder or zip {path} to take the images from: check the path and try again.")
    archive = open_zip(path)
    if archive is None:
        raise UserError(f"{path.name} is neither a folder nor a zip: images come from one of these.")
    return ImageZip(archive)
