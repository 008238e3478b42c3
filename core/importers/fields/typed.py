"""Take a field out of a row, with the type it must have, or refuse the row with a reason that names the field.

Knows no format.
"""

from typing import Any

from core.importers.results import RowError

# Reading an answer or options out of a text takes a time that grows faster than the text does.
LONGEST_TEXT = 100_000
LONGEST_ID = 500
Fields = dict[str, Any]


def as_fields(value: Any) -> Fields:
    """The row as an object. Raises RowError when it is a list, text or number."""
    if not isinstance(value, dict):
        raise RowError("row", f"A row must be a JSON object, not {_kind(value)}.")
    return value


def text_field(row: Fields, name: str, *, required: bool = True) -> str:
    """The text in a field, stripped; "" when it may be missing and is. Raises RowError."""
    value = row.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise RowError(name, f"The field “{name}” is missing.")
    return checked_text(value, name)


def checked_text(value: Any, name: str) -> str:
    """A value that must be text that can be stored. Raises RowError."""
    if not isinstance(value, str):
        raise RowError(name, f"“{name}” must be text, not {_kind(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowError(name, f"“{name}” holds half a character (a lone surrogate).") from error
    if len(value) > LONGEST_TEXT:
        raise RowError(name, f"“{name}” is longer than {LONGEST_TEXT:,} characters: shorten it.")
    if "\0" in value:
        raise RowError(name, f"“{name}” holds a zero byte, where a database may take a text to end.")
    return value.strip()


def id_field(row: Fields) -> str:
    """The row's id as text; whole numbers are accepted. Raises RowError."""
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return checked_id(str(value))
    return checked_id(text_field(row, "id"))


def checked_id(text: str) -> str:
    """A text that a sample can be named by. Raises RowError."""
    if not text:
        raise RowError("id", "The id is empty.")
    if len(text) > LONGEST_ID:
        raise RowError("id", f"The id is longer than {LONGEST_ID} characters: give the row a shorter one.")
    return text


def text_list(row: Fields, name: str) -> list[str]:
    """A list of texts that is not empty. Raises RowError."""
    value = row.get(name)
    if not isinstance(value, list) or not value:
        raise RowError(name, f"“{name}” must be a list of texts.")
    return [checked_text(item, name) for item in value]


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), "a number")
