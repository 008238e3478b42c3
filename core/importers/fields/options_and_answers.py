"""Parse options and answers in the cells of a table.

Options are a list, its JSON or Python text, an object by letter, "(a) x (b) y", or texts separated by "|", ";" or line
breaks. An answer names an option by text, by letter, or by index from 0 or 1; which of these a file uses is decided
once, from its first rows, not row by row.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterable
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.inline_options import split_options
from core.importers.json_depth import nests_too_deeply
from core.importers.results import RowError
from core.parsing.answer import read_answer
from core.parsing.normalisation import normalise
from core.prompts import option_letter

ANSWER_FORMS = {
    "text": "the option's text",
    "letter": "the option's letter",
    "index": "the option's place, counted from 0",
    "number": "the option's place, counted from 1",
}
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_SEPARATORS = ("\n", "|", ";")
_MAX_SHOWN = 80
# Python's parser takes many times the memory of its input.
_MAX_LIST_CHARS = 100_000


def cell_text(value: Any) -> str:
    """A cell as text; whole numbers stay whole ("3.0" in a column of numbers is 3)."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.strip() if isinstance(value, str) else str(value)


def cell_texts(value: Any) -> list[str]:
    """The texts in one cell, [] for an empty one; anything but a list is one text."""
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        value = value["text"] if isinstance(value.get("text"), list) else list(value.values())
    if isinstance(value, list | tuple):
        return [cell_text(_answer_in(item)) for item in value if not is_empty(_answer_in(item))]
    return [] if is_empty(value) else [cell_text(value)]


def cell_options(value: Any) -> list[str]:
    """The options in one cell, [] for an empty one."""
    texts = cell_texts(value)
    if len(texts) != 1:
        return texts
    _, options = split_options(f"Options: {texts[0]}")
    if options:
        return list(options)
    for separator in _SEPARATORS:
        parts = [part.strip() for part in texts[0].split(separator) if part.strip()]
        if len(parts) > 1:
            return parts
    return texts


def check_options(options: Iterable[str]) -> tuple[str, ...]:
    """The options if there are none or at least two distinct ones. Raises RowError otherwise."""
    found = tuple(options)
    if len(found) == 1:
        raise RowError("options", f"There is only one option, “{_shorten(found[0])}”: give none, or two or more.")
    if "" in found:
        raise RowError(
            "options", f"Option {option_letter(found.index(''))} is empty, but a later one is not: fill it in."
        )
    if len(set(found)) < len(found):
        raise RowError("options", "Two of the options are the same: every option must differ from the others.")
    return found


def answer_form(pairs: Iterable[tuple[tuple[str, ...], Any]]) -> str:
    """The form of ``ANSWER_FORMS`` that fits most of the (options, answer) pairs; the first on ties.

    Indices from 1 are assumed only where indices from 0 fit fewer rows.
    """
    looked_at = [(options, answer) for options, answer in pairs if options and not is_empty(answer)]
    fits = {
        form: sum(_option_index(form, options, answer) is not None for options, answer in looked_at)
        for form in ANSWER_FORMS
    }
    return max(fits, key=lambda form: fits[form])


def parse_truth(value: Any, options: tuple[str, ...], form: str) -> str:
    """The option that an answer in that form names. Raises RowError, saying what would be right."""
    if is_empty(value):
        raise RowError("answer", "The answer is empty: a labelled sample needs one.")
    at = _option_index(form, options, value)
    if at is not None:
        return options[at]
    if form in ("text", "letter"):
        read = read_answer(cell_text(value), options).answer
        if read in options and sum(normalise(option) == normalise(read) for option in options) == 1:
            return read
    raise RowError(
        "answer",
        f"The answer “{_shorten(cell_text(value))}” names none of the options {_shorten(' · '.join(options))}: it must "
        f"be {ANSWER_FORMS[form]}.",
    )


def _option_index(form: str, options: tuple[str, ...], value: Any) -> int | None:
    text = cell_text(value)
    if form == "text":
        if text in options:
            return options.index(text)
        same = [at for at, option in enumerate(options) if normalise(option) == normalise(text)]
        return same[0] if len(same) == 1 else None
    if form == "letter":
        letter = _LETTER.fullmatch(text)
        at = ord(letter[1].upper()) - ord("A") if letter else -1
    else:
        at = int(text) - (form == "number") if re.fullmatch(r"\d{1,4}", text) else -1
    return at if 0 <= at < len(options) else None


def _from_text(text: str) -> Any:
    """A list or object in JSON or Python syntax, else the text itself."""
    stripped = text.strip()
    if stripped[:1] + stripped[-1:] not in ("[]", "{}"):
        return text
    for parse in (json.loads, _from_python) if len(stripped) <= _MAX_LIST_CHARS else (json.loads,):
        try:
            found = parse(stripped)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        return text if nests_too_deeply(found) else found
    return text


def _from_python(text: str) -> Any:
    """A Python literal that JSON could also express (no sets, and no numbers of unlimited size)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a text causes a SyntaxWarning
        found = ast.literal_eval(text)
    json.dumps(found)
    return found


def _answer_in(item: Any) -> Any:
    """The text of a list item; VQA has {"answer", "answer_confidence", …} where others have texts."""
    return item.get("answer", item.get("text")) if isinstance(item, dict) else item


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
