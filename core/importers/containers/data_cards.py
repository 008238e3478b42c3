"""Names of class labels in the files beside a data set: its card (README.md) or ``dataset_info(s).json``.

A parquet, CSV or JSON file that was taken out of its repository holds only the labels' numbers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml  # type: ignore[import-untyped]

from core.errors import UserError
from core.importers.cells import is_empty
from core.importers.containers.class_labels import Decoder, label_decoders, label_note, with_names
from core.importers.containers.json_rows import Row

Beside = Callable[[str], bytes | None]
_MAX_CARD = 2**18


def named_rows(rows: tuple[Row, ...], beside: Beside) -> tuple[Callable[[Row], Row], tuple[str, ...]]:
    """What puts names into a row, and the note that says so, going by the first ``rows`` and the files beside them."""
    cells = [row.value for row in rows if isinstance(row.value, dict)]
    decoders = {
        column: decode
        for column, decode in _decoders(beside).items()
        if (held := [each[column] for each in cells if not is_empty(each.get(column))]) and all(map(_is_number, held))
    }
    if not decoders:
        return lambda row: row, ()
    return lambda row: replace(row, value=with_names(row.value, decoders)), label_note(decoders)


def _decoders(beside: Beside) -> dict[str, Decoder]:
    """For each column with class labels, what turns numbers into names; not where two configurations differ."""
    found: dict[str, Any] = {}
    for column, feature in (item for features in _features(beside) for item in features.items()):
        if found.setdefault(column, feature) != feature:
            found[column] = None
    return {column: _of_text(decode) for column, decode in label_decoders(found).items()}


def _features(beside: Beside) -> Iterator[Mapping[str, Any]]:
    """The features of each configuration."""
    one, several = (_object(json.loads, _read(beside, name)) for name in ("dataset_info.json", "dataset_infos.json"))
    card = _card(_read(beside, "README.md")).get("dataset_info")
    infos = [one, *several.values(), *(card if isinstance(card, list) else [card])]
    for info in infos:
        features = info.get("features") if isinstance(info, dict) else None
        if isinstance(features, list):
            features = {each["name"]: _of_card(each) for each in features if isinstance(each, dict) and "name" in each}
        if isinstance(features, dict):
            yield {str(column): feature for column, feature in features.items()}


def _of_card(entry: dict[str, Any]) -> Any:
    """A card's feature as ``datasets`` writes it."""
    kind = entry.get("dtype", entry.get("list", entry.get("sequence")))
    label = kind.get("class_label") if isinstance(kind, dict) else None
    return {"_type": "ClassLabel", **label} if isinstance(label, dict) else None


def _card(content: bytes | None) -> dict[str, Any]:
    """What stands in front of a card's text, in YAML."""
    parts = (content or b"")[:_MAX_CARD].decode("utf-8", "replace").split("\n---", 1)
    if len(parts) < 2 or not parts[0].startswith("---"):
        return {}
    return _object(yaml.safe_load, parts[0].removeprefix("---").encode())


def _object(parse: Callable[[bytes], Any], content: bytes | None) -> dict[str, Any]:
    try:
        found = parse(content) if content else None
    except Exception:  # a file beside the set may be anything
        return {}
    return found if isinstance(found, dict) else {}


def _read(beside: Beside, name: str) -> bytes | None:
    try:
        return beside(name)
    except (UserError, OSError):
        return None


def _is_number(cell: Any) -> bool:
    items = cell if isinstance(cell, list) else [cell]
    return all(
        (isinstance(each, int) and not isinstance(each, bool)) or (isinstance(each, str) and each.strip().isdecimal())
        for each in items
    )


def _of_text(decode: Decoder) -> Decoder:
    """The same for cells of a CSV, where numbers are text."""
    return lambda cell: decode(int(cell) if isinstance(cell, str) and cell.strip().isdecimal() else cell)
