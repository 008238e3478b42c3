"""Cells of a table as text, or as several texts."""

from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cell_lists import list_in_text
from core.importers.results import RowError

# Where an item of a list is an object: VQA has {"answer", "answer_confidence", …} where others have texts.
_ITEM_NAMES = ("answer", "text", "value", "content", "option", "choice")


def cell_text(value: Any) -> str:
    """A cell as text; whole numbers stay whole ("3.0" in a column of numbers is 3)."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.strip() if isinstance(value, str) else str(value)


def cell_texts(value: Any, field: str = "row") -> list[str]:
    """The texts in one cell, [] for an empty one; anything but a list is one text. Raises RowError."""
    if isinstance(value, str):
        value = list_in_text(value, field)
    if isinstance(value, dict):
        value = value["text"] if isinstance(value.get("text"), list) else _by_label(value)
    while isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], list | tuple):
        value = value[0]
    if isinstance(value, list | tuple):
        items = [item_text(each, field) for each in value]
        return [cell_text(each) for each in items if not is_empty(each)]
    return [] if is_empty(value) else [cell_text(value)]


def joined_text(value: Any, field: str, separator: str) -> str:
    """A cell as one text, the texts of a list joined. Raises RowError for an object."""
    if isinstance(value, dict):
        raise RowError(field, f"“{field}” must be text, not an object: choose another column, or leave it out.")
    if isinstance(value, list | tuple):
        return separator.join(cell_texts(value, field))
    return "" if is_empty(value) else cell_text(value)


def _by_label(value: dict[str, Any]) -> list[Any]:
    """The values of an object, in the order of its keys where these are letters ({"B": …, "A": …})."""
    lettered = all(isinstance(key, str) and len(key) == 1 and key.isalpha() for key in value)
    return [value[key] for key in (sorted(value) if lettered else value)]


def item_text(item: Any, field: str) -> Any:
    """The text of a list's item. Raises RowError for an object without one, and for a list."""
    if isinstance(item, dict):
        item = next((item[name] for name in _ITEM_NAMES if not isinstance(item.get(name), dict | list | None)), item)
    if isinstance(item, dict | list | tuple):
        raise RowError(field, f"“{field}” must be a list of texts, not of objects or lists: write it as texts.")
    return item
