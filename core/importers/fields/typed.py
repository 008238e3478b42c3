"""Get typed fields from a row, or refuse the row with a reason that names the field."""

from typing import Any

from core.importers.results import RowError

# Parsing answers and options takes more than linear time.
MAX_TEXT_CHARS = 100_000
MAX_ID_CHARS = 500
Fields = dict[str, Any]


def as_fields(value: Any) -> Fields:
    """The row as an object. Raises RowError when it is a list, text or number."""
    if not isinstance(value, dict):
        raise RowError("row", f"A row must be a JSON object, not {_kind(value)}.")
    return value


def text_field(row: Fields, name: str, *, required: bool = True) -> str:
    """The stripped text of a field; "" when it is optional and missing. Raises RowError."""
    value = row.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise RowError(name, f"The field “{name}” is missing.")
    return check_text(value, name)


def check_text(value: Any, name: str) -> str:
    """The stripped value if it is text that can be stored. Raises RowError otherwise."""
    if not isinstance(value, str):
        raise RowError(name, f"“{name}” must be text, not {_kind(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowError(name, f"“{name}” holds half a character (a lone surrogate).") from error
    if len(value) > MAX_TEXT_CHARS:
        raise RowError(name, f"“{name}” is longer than {MAX_TEXT_CHARS:,} characters: shorten it.")
    if "\0" in value:
        raise RowError(name, f"“{name}” holds a zero byte, where a database may take a text to end.")
    return value.strip()


def id_field(row: Fields) -> str:
    """The row's id as text; integers are accepted. Raises RowError."""
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return check_id(str(value))
    return check_id(text_field(row, "id"))


def check_id(text: str) -> str:
    """The text if it can be an id. Raises RowError otherwise."""
    if not text:
        raise RowError("id", "The id is empty.")
    if len(text) > MAX_ID_CHARS:
        raise RowError("id", f"The id is longer than {MAX_ID_CHARS} characters: give the row a shorter one.")
    return text


def text_list(row: Fields, name: str) -> list[str]:
    """A non-empty list of texts. Raises RowError otherwise."""
    value = row.get(name)
    if not isinstance(value, list) or not value:
        raise RowError(name, f"“{name}” must be a list of texts.")
    return [check_text(item, name) for item in value]


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), "a number")
