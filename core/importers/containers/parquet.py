"""Rows of parquet files and of Hugging Face data sets: a file, a folder of shards, save_to_disk's folder, or the Hub.

Streams by record batches. Rows are counted from 1 in each file, which is what ``line`` means here. Images come as the
{"bytes", "path"} that the datasets library stores. Knows nothing of what the columns mean.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import UnavailableError, UserError
from core.importers.containers.json_rows import Row
from core.importers.splits import split_named
from core.importers.unavailable import away_told, is_away

BATCH = 256
MAX_GROUP = 4 * 1024**3
MAX_BATCH = 128 * 1024**2
# One at a time would be slow with a million rows in a group of long texts.
FEWEST = 8
HUB = "hf:"
_HUB_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A parquet file of a set: where it lies, how reports name it, and its split."""

    path: Path
    name: str
    split: str = ""


def is_saved(folder: Path) -> bool:
    """Whether datasets' save_to_disk wrote this folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def shards_in(folder: Path) -> list[Shard]:
    """The parquet files in a folder or its "data", by name; none when there are other files of rows to choose from."""
    for place in (folder, folder / "data"):
        found = sorted(place.glob("*.parquet"))
        if found:
            return [Shard(path=each, name=each.name, split=_split_of(each.name)) for each in found]
    return []


def parquet_columns(file: Path | IO[bytes], name: str) -> tuple[str, ...]:
    """The names of the columns. Raises UserError when it is no whole parquet file."""
    with _opened(file, name) as parquet:
        return tuple(parquet.schema_arrow.names)


def parquet_rows(file: Path | IO[bytes], name: str, split: str = "") -> Iterator[Row]:
    """The rows of one file. Raises UserError when it is damaged, UnavailableError when it cannot be read just now."""
    with _opened(file, name) as parquet:
        number = 0
        for batch in parquet.iter_batches(batch_size=_at_once(parquet)):
            for value, error in _values(batch):
                number += 1
                yield Row(line=number, value=value, error=error, file=name, split=split)


def saved_sets(folder: Path) -> list[tuple[str, Any]]:
    """The data sets that save_to_disk wrote, each with its split's name. Raises UserError when they are damaged."""
    import datasets  # a second to load, so only where it is needed

    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # anything from a missing file to a broken schema
        kind = UnavailableError if is_away(error) else UserError
        raise kind(f"{folder.name} cannot be loaded as a saved data set ({_first_line(error)}).") from error
    return list(found.items()) if isinstance(found, datasets.DatasetDict) else [(str(found.split or ""), found)]


def hub_sets(name: str) -> list[tuple[str, Any]]:
    """The splits of a data set of the Hub, streamed; "owner/name:split" takes one.

    Raises UnavailableError without a network, UserError where there is no such set.
    """
    import datasets

    known, _, split = name.removeprefix(HUB).partition(":")
    if not _HUB_NAME.fullmatch(known):
        raise UserError(f"“{name}” names no data set of the Hub: write hf:owner/name or hf:owner/name:split.")
    if Path(known).exists():  # load_dataset would read this instead
        raise UserError(f"“{known}” is also a folder here: import that by its path, or start elsewhere for the Hub's.")
    try:
        found = datasets.load_dataset(known, split=split or None, streaming=True)
    except Exception as error:  # network, missing set, access and script errors have no common base
        kind = UnavailableError if is_away(error) else UserError
        raise kind(
            f"The data set {known} cannot be opened on the Hub ({_first_line(error)}): check the name and the network, "
            "or download it and import the folder."
        ) from error
    return [(split, found)] if split else list(found.items())


def set_columns(found: Any) -> tuple[str, ...]:
    """The names of a data set's columns; those of its first row where the set does not say."""
    names = found.column_names
    return tuple(names if names is not None else next(iter(found.take(1)), {}))


def set_rows(found: Any, name: str, split: str) -> Iterator[Row]:
    """The rows of a data set with images undecoded.

    Raises UserError when it breaks off: UnavailableError where the disk or the network did.
    """
    number = 0
    try:
        for table in found.with_format("arrow").iter(batch_size=BATCH):
            for value, fault in _values(table):
                number += 1
                yield Row(line=number, value=value, error=fault, file=name, split=split_named(split))
    except (OSError, ValueError, RuntimeError) as error:
        kind = UnavailableError if is_away(error) else UserError
        raise kind(f"{name} breaks off behind row {number:,} ({_first_line(error)}): try again.") from error


def _at_once(parquet: Any) -> int:
    """How many rows to take at once, since all of them may point to one value that fills most of their group.

    The groups' own sizes are asked for: pyarrow ends the process where a damaged footer is asked for a column's.
    """
    groups = (parquet.metadata.row_group(at).total_byte_size for at in range(parquet.num_row_groups))
    return int(max(FEWEST, min(BATCH, MAX_BATCH // max(*groups, 1, 1))))


def _values(table: Any) -> list[tuple[Any, str]]:
    """Each row's values, or what is wrong with it."""
    try:
        return [(value, "") for value in table.to_pylist()]
    except Exception:  # one cell, of a text that is no UTF-8 or a date that no calendar has, spoils all rows
        return [_value(table.slice(at, 1)) for at in range(table.num_rows)]


def _value(row: Any) -> tuple[Any, str]:
    try:
        return row.to_pylist()[0], ""
    except Exception as error:
        return None, f"The row holds a value that cannot be read ({_first_line(error)})."


@contextmanager
def _opened(file: Path | IO[bytes], name: str) -> Iterator[Any]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file, pre_buffer=False, buffer_size=2**20) as parquet:
            groups = (parquet.metadata.row_group(at) for at in range(parquet.num_row_groups))
            if any(group.total_byte_size > MAX_GROUP for group in groups):
                raise UserError(f"{name} has a row group of more than {MAX_GROUP // 1024**3} GB: write smaller ones.")
            yield parquet
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: a column's name is damaged
        if is_away(error):
            raise away_told(error, name) from error
        raise UserError(f"{name} is no whole parquet file ({_first_line(error)}): download it again.") from error


def _split_of(name: str) -> str:
    """The split that a shard's name begins with ("train-00000-of-00002.parquet")."""
    return split_named(re.split(r"[-_.]", name)[0])


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
