"""Class labels of Hugging Face data sets: numbers whose names stand in the set's features, not in its rows."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Decoder = Callable[[Any], Any]


def label_decoders(features: Any) -> dict[str, Decoder]:
    """For each column with class labels, what turns its cells into names; {} where there is none.

    ``features`` is the set's description of its columns, as ``datasets`` writes it.
    """
    if not isinstance(features, Mapping):
        return {}
    found = {str(column): _decoder(feature) for column, feature in features.items()}
    return {column: decode for column, decode in found.items() if decode is not None}


def features_of_schema(metadata: Mapping[bytes, bytes] | None) -> Any:
    """The features that ``datasets`` keeps in a parquet file's metadata, None where there are none."""
    try:
        return json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def with_names(row: Any, decoders: Mapping[str, Decoder]) -> Any:
    """A row with names for its class labels."""
    if not decoders or not isinstance(row, dict):
        return row
    return {column: decoders[column](cell) if column in decoders else cell for column, cell in row.items()}


def label_note(columns: Iterable[str]) -> tuple[str, ...]:
    """What is said where labels were replaced."""
    listed = ", ".join(f"“{column}”" for column in columns)
    return (f"Class labels in {listed} are read by their names.",) if listed else ()


def _decoder(feature: Any) -> Decoder | None:
    if isinstance(feature, list):
        return _each(_decoder(feature[0])) if len(feature) == 1 else None
    if not isinstance(feature, Mapping):
        return None
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, list | Mapping):
        by_number = dict(enumerate(names)) if isinstance(names, list) else _numbered(names)
        return lambda cell: _name(cell, by_number)
    if feature.get("_type") in ("Sequence", "List", "LargeList"):
        return _each(_decoder(feature.get("feature")))
    inner = label_decoders({name: each for name, each in feature.items() if isinstance(each, Mapping | list)})
    return (lambda cell: with_names(cell, inner)) if inner else None


def _each(decode: Decoder | None) -> Decoder | None:
    if decode is None:
        return None

    def every(cell: Any) -> Any:
        return [decode(item) for item in cell] if isinstance(cell, list) else decode(cell)

    return every


def _numbered(names: Mapping[Any, Any]) -> dict[int, Any]:
    """Names by number, as data cards write them ({"0": "cat", "2": "fox"})."""
    return {int(key): name for key, name in names.items() if str(key).isdecimal()}


def _name(cell: Any, names: Mapping[int, Any]) -> Any:
    """The name of a label; None for -1, which stands for an unlabelled row, and for a number without a name."""
    if not isinstance(cell, int) or isinstance(cell, bool):
        return cell
    return names.get(cell)
