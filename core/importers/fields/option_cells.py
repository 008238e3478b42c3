"""The options in one cell of a table: a list, its text, an object by letter, or texts between separators.

Which separator a file uses is decided once, from its first rows: the one with which most answers name an option. It
stands in the mapping as ``options_as``, and only it separates; a comma inside an option stays.
"""

import re
from collections.abc import Iterable
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cell_lists import list_in_text
from core.importers.fields.cells_as_text import cell_text
from core.importers.fields.inline_options import labelled_options
from core.importers.fields.labelled_options import ordered_options
from core.importers.results import RowError
from core.parsing.normalisation import normalise

OPTION_FORMS = {
    "|": "separated by “|”",
    "lines": "one a line",
    ";": "separated by “;”",
    ",": "separated by commas",
    "letters": "labelled by letters, (a) … (b) …",
}
_LABEL = re.compile(r"\(?([A-Za-z])[).:][ \t]*(?=\S)")


def cell_options(value: Any, form: str = "") -> list[str]:
    """The options in one cell, [] for an empty one; a text is split by ``form``, by the best one if none is given.

    Raises RowError.
    """
    text = option_text(value)
    if text is None:
        return ordered_options(value)
    form = form or option_form([(text, None)])
    return split_text(text, form) if form else [text]


def option_text(value: Any) -> str | None:
    """The cell as a text to be split, None where it is a list, an object or empty. Raises RowError."""
    if not isinstance(value, str) or is_empty(value):
        return None
    return value.strip() if isinstance(list_in_text(value, "options"), str) else None


def tried_option_text(value: Any) -> str | None:
    """``option_text`` for a guess: None where the cell cannot be read."""
    try:
        return option_text(value)
    except RowError:
        return None


def option_form(pairs: Iterable[tuple[str, Any]]) -> str:
    """The form of ``OPTION_FORMS`` that fits most of the (text of options, answer) pairs, "" where none splits one."""
    looked_at = list(pairs)
    scores = {form: _score(form, looked_at) for form in OPTION_FORMS}
    best = max(scores, key=lambda form: scores[form])
    return best if scores[best][1] else ""


def split_text(text: str, form: str) -> list[str]:
    """The options in a text of that form, or labelled by letters; one where it is neither."""
    parts = _parts(text, form)
    return _without_labels(parts) or list(labelled_options(text)) or parts


def _parts(text: str, form: str) -> list[str]:
    if form == "letters":
        return list(labelled_options(text)) or [text]
    parts = (part.strip() for part in text.split("\n" if form == "lines" else form))
    return [part for part in parts if part]


def _score(form: str, pairs: list[tuple[str, Any]]) -> tuple[int, int]:
    """In how many rows the answer names one of the options, and how many rows are split."""
    split = [(text, answer) for text, answer in pairs if len(_parts(text, form)) > 1]
    return sum(names_one(split_text(text, form), answer) for text, answer in split), len(split)


def names_one(options: list[str], answer: Any) -> bool:
    """Whether an answer names one of the options: by letter, place or text."""
    if is_empty(answer) or isinstance(answer, dict | list):
        return False
    text = cell_text(answer)
    match = re.fullmatch(r"\(?([A-Za-z])[).:]?", text) or _LABEL.match(text)
    at = ord(match[1].upper()) - ord("A") if match else len(options)
    if match and at < len(options) and normalise(text[match.end() :]) in ("", normalise(options[at])):
        return True  # "B", "B. a dog"
    by_place = bool(re.fullmatch(r"\d{1,2}", text)) and int(text) <= len(options)
    return by_place or normalise(text) in map(normalise, options)


def _without_labels(parts: list[str]) -> list[str]:
    """The options without their letters, [] where not all of them have theirs."""
    marks = [_LABEL.match(part) for part in parts]
    letters = "".join(mark[1].upper() for mark in marks if mark)
    if len(parts) < 2 or letters != "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(parts)]:
        return []
    return [part[mark.end() :] for part, mark in zip(parts, marks, strict=True) if mark]


def tried_options(value: Any, form: str = "") -> list[str]:
    """``cell_options`` for a guess: [] where they cannot be read."""
    try:
        return cell_options(value, form)
    except RowError:
        return []
