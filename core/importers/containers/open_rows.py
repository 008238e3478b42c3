"""Open any container of rows (JSON, CSV, parquet, a saved data set, the Hub) as one stream of rows."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.importers.containers import csv_rows, parquet
from core.importers.containers.class_labels import label_note
from core.importers.containers.csv_rows import MAX_COLUMNS
from core.importers.containers.data_cards import named_rows
from core.importers.containers.encoding import MAX_LINE, Encoding, find_encoding
from core.importers.containers.files import Content, open_content, seekable
from core.importers.containers.json_rows import Row, json_kind, json_rows
from core.importers.containers.workbook import open_workbook
from core.importers.images.sources import ImageFolder, ImageSource
from core.own_files import refuse_own

_PEEKED_ROWS = 100
_MAX_BESIDE = 2**20
_SURROGATES = re.compile("[\ud800-\udfff]")
Notes = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RowFile:
    """An open file of rows: its ``name`` for reports, its ``kind`` ("csv", "tsv", "jsonl", "xlsx", "parquet", "dataset"
    or "hub"), the ``container`` in words, the columns of a table, the first rows, and the images beside it.

    ``rows`` yields all rows, including the ``first`` ones. ``beside`` reads a small file in the same folder or zip.
    """

    name: str
    kind: str
    container: str
    columns: tuple[str, ...]
    notes: Notes
    first: tuple[Row, ...]
    rows: Iterator[Row]
    images: ImageSource
    beside: Callable[[str], bytes | None]


@contextmanager
def open_rows(path: Path | str, *, prefer: str = "", kind: str = "", encoding: str = "") -> Iterator[RowFile]:
    """The rows as ``_open_rows`` finds them, with names for class labels that only the files beside them name."""
    with _open_rows(path, prefer=prefer, kind=kind, encoding=encoding) as file:
        named, note = named_rows(file.first, file.beside)
        if note:
            first, rows = tuple(map(named, file.first)), map(named, file.rows)
            yield replace(file, first=first, rows=rows, notes=(*file.notes, *note))
        else:
            yield file


@contextmanager
def _open_rows(path: Path | str, *, prefer: str = "", kind: str = "", encoding: str = "") -> Iterator[RowFile]:
    """The rows at a path or under a Hub name; of several files, those named after ``prefer``. ``kind`` and (of a text)
    ``encoding`` override detection.

    Raises UserError, naming the file, when it cannot be read or contains no rows.
    """
    if kind == "hub" or str(path).startswith(parquet.HUB_PREFIX):
        yield _sets(
            str(path), "hub", "Hugging Face data set from the Hub", parquet.load_hub_datasets(str(path)), Path()
        )
        return
    path = Path(path)
    refuse_own(path)
    if path.is_dir() and parquet.is_saved_dataset(path):
        yield _sets(path.name, "dataset", "Hugging Face data set", parquet.load_saved_datasets(path), path)
        return
    if path.is_dir() and kind in ("", "parquet") and (shards := parquet.shards_in(path)):
        yield _shards(path, shards)
        return
    with open_content(path, prefer) as content:
        if content.start.startswith(b"PAR1"):
            with seekable(content) as file:
                columns = parquet.parquet_columns(file, content.name)
                notes = label_note(parquet.parquet_labels(file, content.name))
                rows = parquet.parquet_rows(file, content.name)
                yield _row_file(content, "parquet", container="parquet", columns=columns, rows=rows, notes=notes)
        elif content.start.startswith(b"PK"):
            with seekable(content) as file, open_workbook(file, content.name) as (columns, rows, notes):
                yield _row_file(content, "xlsx", container="Excel", columns=columns, rows=rows, notes=notes)
        elif kind in ("parquet", "dataset", "xlsx"):
            what = "Excel workbook" if kind == "xlsx" else "parquet file"
            raise UserError(f"{content.name} is no {what}: leave the format to be found, or choose another.")
        else:
            yield _text(content, kind, find_encoding(content, encoding))


def _text(content: Content, kind: str, encoding: Encoding) -> RowFile:
    notes = (encoding.note,) if encoding.note else ()
    json = "" if kind in ("csv", "tsv") else json_kind(content, encoding)
    if json:
        rows = json_rows(content, encoding, json)
        return _row_file(content, "jsonl", container=json, rows=rows, notes=notes)
    if kind == "jsonl":
        raise UserError(f"{content.name} is neither JSON nor JSON Lines: it must begin with “[” or “{{”.")
    delimiter = "\t" if kind == "tsv" else csv_rows.find_delimiter(content, encoding)
    columns = csv_rows.read_columns(content, encoding, delimiter)
    rows = csv_rows.table_rows(content, encoding, delimiter, columns)
    name = csv_rows.DELIMITERS[delimiter]
    return _row_file(content, name.lower(), container=name, columns=columns, rows=rows, notes=notes)


def _row_file(
    content: Content,
    kind: str,
    *,
    container: str,
    columns: tuple[str, ...] = (),
    rows: Iterator[Row],
    notes: Notes = (),
) -> RowFile:
    first, rows = _peek(rows, content.name)
    return RowFile(
        name=content.name,
        kind=kind,
        container=container + content.packed,
        columns=_check_columns(columns or _field_names(first), content.name),
        notes=notes,
        first=first,
        rows=rows,
        images=content.images,
        beside=content.beside,
    )


def _shards(folder: Path, shards: list[parquet.Shard]) -> RowFile:
    every = (parquet.parquet_rows(each.path, each.name, each.split) for each in shards)
    first, rows = _peek(chain.from_iterable(every), folder.name)
    return RowFile(
        name=folder.name,
        kind="parquet",
        container="parquet in a folder",
        columns=_check_columns(parquet.parquet_columns(shards[0].path, shards[0].name), folder.name),
        notes=(
            *((f"{len(shards)} parquet files were read as one set.",) if len(shards) > 1 else ()),
            *label_note(parquet.parquet_labels(shards[0].path, shards[0].name)),
        ),
        first=first,
        rows=rows,
        images=ImageFolder(folder),
        beside=lambda name: _beside(folder, name),
    )


def _beside(folder: Path, name: str) -> bytes | None:
    """A small file in a folder of shards."""
    path = folder / name
    return path.read_bytes() if path.is_file() and path.stat().st_size <= _MAX_BESIDE else None


def _sets(name: str, kind: str, container: str, sets: list[tuple[str, Any]], folder: Path) -> RowFile:
    if not sets:
        raise UserError(f"{name} holds no split: save the data set again.")
    named = [(split, found, f"{name}/{split}" if len(sets) > 1 else name) for split, found in sets]
    every = (parquet.dataset_rows(found, each, split) for split, found, each in named)
    first, rows = _peek(chain.from_iterable(every), name)
    return RowFile(
        name=name,
        kind=kind,
        container=container,
        columns=_check_columns(parquet.dataset_columns(sets[0][1]), name),
        notes=label_note(parquet.dataset_labels(sets[0][1])),
        first=first,
        rows=rows,
        images=ImageFolder(folder),
        beside=lambda name: None,
    )


def _peek(rows: Iterator[Row], name: str) -> tuple[tuple[Row, ...], Iterator[Row]]:
    """The first rows, and all of them. Raises UserError when there are none, or the file is broken among the first."""
    first: list[Row] = []
    held = 0
    for row in islice(rows, _PEEKED_ROWS):
        first.append(row)
        held += _size(row.value)
        if held > MAX_LINE:  # they stay in memory during the import
            break
    if not first:
        raise UserError(f"{name} holds no rows: there is nothing to import.")
    return tuple(first), chain(first, rows)


def _size(value: Any) -> int:
    """The approximate memory of a row's texts in bytes."""
    if isinstance(value, str | bytes):
        return len(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_size, parts))


def _field_names(rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The field names of JSON rows, in order of appearance."""
    return tuple(dict.fromkeys(each for row in rows if isinstance(row.value, dict) for each in row.value))


def _check_columns(columns: tuple[str, ...], name: str) -> tuple[str, ...]:
    if len(columns) > MAX_COLUMNS:
        raise UserError(f"{name} has more than {MAX_COLUMNS:,} columns: import one with those that a sample needs.")
    return encodable(columns)


def encodable(columns: Iterable[str]) -> tuple[str, ...]:
    """The names without lone surrogates, each once: they are sent to the page, which cannot encode those."""
    return tuple(dict.fromkeys(each for each in columns if not _SURROGATES.search(each)))
