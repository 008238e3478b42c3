"""The question and the options of a row under a mapping."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_text, joined_text
from core.importers.fields.inline_options import split_options
from core.importers.fields.labelled_options import by_label
from core.importers.fields.option_cells import OPTION_FORMS, cell_options
from core.importers.results import RowError

SEPARATOR = "|"
Rows = Sequence[Mapping[str, Any]]


def row_question(row: Mapping[str, Any], mapping: Mapping[str, str]) -> str:
    """The question of a row, with its options where they stand in it. Raises RowError."""
    entry = mapping.get("question", "")
    columns = [entry] if entry in row or SEPARATOR not in entry else entry.split(SEPARATOR)
    values = [row.get(column) for column in columns]
    if any(isinstance(value, bytes) for value in values):
        raise RowError("question", f"“question” holds bytes: write the column “{entry}” as text.")
    for value in values:
        if isinstance(value, dict) or (isinstance(value, list | tuple) and len(value) > 1):
            raise RowError("question", f"“question” must be text; the column “{entry}” holds lists or objects.")
    texts = (joined_text(value, "question", "\n") for value in values)
    return "\n".join(text for text in texts if text)


def row_options(row: Mapping[str, Any], mapping: Mapping[str, str]) -> list[str]:
    """The options of a row, [] for none; trailing empty columns are dropped. Raises RowError."""
    entry, form = mapping.get("options", ""), mapping.get("options_as", "")
    if not entry:
        return []
    if entry == mapping.get("question"):
        return list(split_options(row_question(row, mapping))[1])
    if entry in row or SEPARATOR not in entry:
        found = cell_options(row.get(entry), form)
        if len(found) == 1 and form:
            raise RowError(
                "options",
                f"There is only one option, “{found[0][:80]}”: options are {OPTION_FORMS[form]} in this file.",
            )
        return found
    cells = [row.get(column) for column in entry.split(SEPARATOR)]
    texts = ["" if is_empty(cell) else cell_text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def row_answer(row: Mapping[str, Any], mapping: Mapping[str, str], column: str = "") -> Any:
    """The answer of a row, or what another column says; the number of a numbered option as its letter."""
    value = row.get(column or mapping.get("answer", ""))
    entry = mapping.get("options", "")
    return by_label(row[entry], value) if entry in row and entry != mapping.get("question") else value


def tried_row_options(row: Mapping[str, Any], mapping: Mapping[str, str]) -> list[str]:
    """``row_options`` for a guess: [] where they cannot be read."""
    try:
        return row_options(row, mapping)
    except RowError:
        return []
