"""MMBench's TSV (Liu et al. 2023): index, base64 image, question, hint, A, B, … answer letter, categories, split.

An image cell with the index of another row refers to that row's image. A row whose image comes later in the file waits
for it, and so is yielded out of order. The rotated copies of circular evaluation (indices above a million) are ordinary
rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from core.importers.containers.json_rows import Row
from core.importers.fields.cells_as_text import cell_text
from core.importers.formats.table import parse_sample
from core.importers.images.checked import Images
from core.importers.images.sources import ImageRef
from core.importers.references.named_images import table_image
from core.importers.results import RowError
from core.types import Role, Sample

COLUMNS = {"index", "question", "a", "b", "answer"}
MARKS = {"l2-category", "category", "image"}
_INDEX = re.compile(r"\d{1,18}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_table(columns: tuple[str, ...]) -> bool:
    """Whether a table's columns are MMBench's."""
    named = {column.lower() for column in columns}
    return named >= COLUMNS and len(named & MARKS) > 1


def mapping_of(columns: tuple[str, ...]) -> dict[str, str]:
    """MMBench's mapping, for the columns that exist."""
    by_name = {column.lower(): column for column in columns}
    letters: list[str] = []
    for letter in _LETTERS:
        if letter.lower() not in by_name:
            break
        letters.append(by_name[letter.lower()])
    fixed = {"id": "index", "question": "question", "answer": "answer", "hint": "hint", "image": "image"}
    fixed |= {"category": "category", "task": "l2-category", "split": "split"}
    mapping = {field: by_name[name] for field, name in fixed.items() if name in by_name}
    return mapping | {"options": "|".join(letters), "answer_as": "letter"}


def parse_samples(
    rows: Iterator[Row], mapping: Mapping[str, str], role: Role, images: Images, others: Sequence[str] = ()
) -> Iterator[tuple[Row, Sample | RowError]]:
    """Each row with its sample, or with what is wrong; rows waiting for another row's image follow that row."""
    known: dict[str, ImageRef] = {}
    waiting: dict[str, list[tuple[Row, Sample | RowError]]] = {}
    for row in rows:
        if row.error or not isinstance(row.value, dict):
            yield row, RowError("row", row.error or "A row must be an object with a field for each column.")
            continue
        index = cell_text(row.value.get(mapping["id"], ""))
        held = row.value.get(mapping.get("image", ""))
        cell = cell_text(held) if isinstance(held, str | int) else ""
        image, sample = "", _without_image(row, mapping, role, images)
        if _INDEX.fullmatch(cell) and cell != index:
            if cell not in known:
                waiting.setdefault(cell, []).append((row, sample))
                continue
            image = images.reuse(known[cell])
        else:
            try:
                image = table_image(row.value, mapping.get("image", ""), others, "", images.hash_of)[0] or ""
            except RowError as error:
                yield row, error
                continue
        yield row, _with_image(sample, image)
        if image:
            known[index] = images.image(image)
            yield from _released(index, known, waiting, mapping, images)
    for index, left in waiting.items():
        reason = f"The image cell names the row with index {index}, and no such row has a usable image."
        yield from ((row, RowError("image", reason)) for row, _ in left)


def _released(
    index: str,
    known: dict[str, ImageRef],
    waiting: dict[str, list[tuple[Row, Sample | RowError]]],
    mapping: Mapping[str, str],
    images: Images,
) -> Iterator[tuple[Row, Sample | RowError]]:
    """The rows that waited for this row's image, and those that waited for them."""
    ready = [index]
    while ready:
        ref = known[index := ready.pop(0)]
        for row, sample in waiting.pop(index, ()):
            yield row, _with_image(sample, images.reuse(ref))
            own = cell_text(row.value.get(mapping["id"], ""))
            known[own] = ref
            ready.append(own)


def _without_image(row: Row, mapping: Mapping[str, str], role: Role, images: Images) -> Sample | RowError:
    fields = {field: column for field, column in mapping.items() if field != "image"}
    try:
        return parse_sample(row.value, fields, role, images, "", others=None)
    except RowError as error:
        return error


def _with_image(sample: Sample | RowError, image: str) -> Sample | RowError:
    return sample if isinstance(sample, RowError) or not image else replace(sample, image=image)
