"""Read rows of parquet files and Hugging Face data sets: a file, a folder of shards, a save_to_disk folder, or the Hub.

Streams record batches. ``line`` is the row's number in its file, from 1. Images come as the {"bytes", "path"} objects
of the datasets library.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import UnavailableError, UserError
from core.importers.containers.class_labels import Decoder, features_of_schema, label_decoders, with_names
from core.importers.containers.json_rows import Row
from core.importers.splits import canonical_split
from core.importers.unavailable import is_unavailable, unavailable_error
from core.own_files import refuse_database

ROWS_PER_BATCH = 256
MAX_GROUP_BYTES = 4 * 1024**3
MAX_BATCH_BYTES = 128 * 1024**2
# A batch size of 1 would be slow for a million rows.
MIN_ROWS_PER_BATCH = 8
HUB_PREFIX = "hf:"
_HUB_NAME = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A parquet file of a set: its path, its name in reports, and its split."""

    path: Path
    name: str
    split: str = ""


def is_saved_dataset(folder: Path) -> bool:
    """Whether the folder was written by datasets' save_to_disk."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def shards_in(folder: Path) -> list[Shard]:
    """The parquet files in a folder or its "data" folder, by name; [] when there are none."""
    for place in (folder, folder / "data"):
        found = sorted(
            each for each in place.glob("*.parquet") if not each.name.startswith(".")
        )  # macOS adds ._ copies
        if found:
            return [Shard(path=each, name=each.name, split=_split_of(each.name)) for each in found]
    return []


def parquet_columns(file: Path | IO[bytes], name: str) -> tuple[str, ...]:
    """The column names. Raises UserError when it is not a complete parquet file."""
    with _opened(file, name) as parquet:
        return tuple(parquet.schema_arrow.names)


def parquet_labels(file: Path | IO[bytes], name: str) -> tuple[str, ...]:
    """The columns with class labels. Raises UserError when it is not a complete parquet file."""
    with _opened(file, name) as parquet:
        return tuple(label_decoders(features_of_schema(parquet.schema_arrow.metadata)))


def parquet_rows(file: Path | IO[bytes], name: str, split: str = "") -> Iterator[Row]:
    """The rows of one file. Raises UserError when it is damaged, UnavailableError when it cannot be read now."""
    with _opened(file, name) as parquet:
        labels = label_decoders(features_of_schema(parquet.schema_arrow.metadata))
        number = 0
        for batch in parquet.iter_batches(batch_size=_batch_rows(parquet)):
            for value, error in _values(batch):
                number += 1
                yield Row(line=number, value=with_names(value, labels), error=error, file=name, split=split)


def load_saved_datasets(folder: Path) -> list[tuple[str, Any]]:
    """The data sets of a save_to_disk folder, each with its split. Raises UserError when they are damaged."""
    import datasets  # takes a second to load

    for path in folder.rglob("*"):
        refuse_database(path)
    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # anything from a missing file to a broken schema
        kind = UnavailableError if is_unavailable(error) else UserError
        raise kind(f"{folder.name} cannot be loaded as a saved data set ({_first_line(error)}).") from error
    return list(found.items()) if isinstance(found, datasets.DatasetDict) else [(str(found.split or ""), found)]


def load_hub_datasets(name: str) -> list[tuple[str, Any]]:
    """The splits of a data set of the Hub, streamed; "owner/name:split" loads one.

    Raises UnavailableError without a network, UserError when the data set does not exist.
    """
    import datasets

    known, _, split = name.removeprefix(HUB_PREFIX).partition(":")
    if not _HUB_NAME.fullmatch(known):
        raise UserError(f"“{name}” names no data set of the Hub: write hf:owner/name or hf:owner/name:split.")
    if Path(known).exists():  # load_dataset would prefer it
        raise UserError(f"“{known}” is also a folder here: import that by its path, or start elsewhere for the Hub's.")
    try:
        found = datasets.load_dataset(known, split=split or None, streaming=True)
    except Exception as error:  # network, missing set, access and script errors have no common base
        kind = UnavailableError if is_unavailable(error) else UserError
        raise kind(
            f"The data set {known} cannot be opened on the Hub ({_first_line(error)}): check the name and the network, "
            "or download it and import the folder."
        ) from error
    return [(split, found)] if split else list(found.items())


def dataset_columns(found: Any) -> tuple[str, ...]:
    """A data set's column names; those of its first row when the data set does not declare them."""
    names = found.column_names
    return tuple(names if names is not None else next(iter(found.take(1)), {}))


def dataset_labels(found: Any) -> tuple[str, ...]:
    """A data set's columns with class labels."""
    return tuple(_labels_of(found))


def dataset_rows(found: Any, name: str, split: str) -> Iterator[Row]:
    """The rows of a data set, with images undecoded.

    Raises UserError when reading fails, UnavailableError when the disk or network is the cause.
    """
    number, labels = 0, _labels_of(found)
    try:
        for table in found.with_format("arrow").iter(batch_size=ROWS_PER_BATCH):
            for value, fault in _values(table):
                number += 1
                named = with_names(value, labels)
                yield Row(line=number, value=named, error=fault, file=name, split=canonical_split(split))
    except (OSError, ValueError, RuntimeError) as error:
        kind = UnavailableError if is_unavailable(error) else UserError
        raise kind(f"{name} breaks off behind row {number:,} ({_first_line(error)}): try again.") from error


def _labels_of(found: Any) -> dict[str, Decoder]:
    features = found.features
    return label_decoders(features.to_dict() if features is not None else None)


def _batch_rows(parquet: Any) -> int:
    """The number of rows in a batch: small where row groups are large, since one value may take up most of a group.

    Uses the groups' own sizes: pyarrow aborts the process when asked for a column's size in a damaged footer.
    """
    groups = (parquet.metadata.row_group(at).total_byte_size for at in range(parquet.num_row_groups))
    return int(max(MIN_ROWS_PER_BATCH, min(ROWS_PER_BATCH, MAX_BATCH_BYTES // max(*groups, 1, 1))))


def _values(table: Any) -> list[tuple[Any, str]]:
    """Each row's values, or what is wrong with it."""
    try:
        return [(value, "") for value in table.to_pylist()]
    except Exception:  # one invalid cell (not UTF-8, an impossible date) fails the whole batch
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

    if isinstance(file, Path):
        refuse_database(file)
    try:
        with ParquetFile(file, pre_buffer=False, buffer_size=2**20) as parquet:
            groups = (parquet.metadata.row_group(at) for at in range(parquet.num_row_groups))
            if any(group.total_byte_size > MAX_GROUP_BYTES for group in groups):
                raise UserError(
                    f"{name} has a row group of more than {MAX_GROUP_BYTES // 1024**3} GB: write smaller ones."
                )
            yield parquet
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:  # UnicodeDecodeError: a damaged column name
        if is_unavailable(error):
            raise unavailable_error(error, name) from error
        raise UserError(f"{name} is no whole parquet file ({_first_line(error)}): download it again.") from error


def _split_of(name: str) -> str:
    """The split that a shard's name starts with ("train-00000-of-00002.parquet")."""
    return canonical_split(re.split(r"[-_.]", name)[0])


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
