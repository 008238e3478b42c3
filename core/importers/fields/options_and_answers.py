"""Options and answers as the cells of a table hold them.

Options are a list, JSON or Python text of one, an object by letter, "(a) x (b) y", or texts between "|", ";" or lines.
An answer names one of them by its text, its letter, or its place counted from 0 or from 1; which of these a file means
is settled once, from its first rows, never row by row. Knows nothing of files and columns.
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
from core.parsing.answer import normalise, read_answer
from core.prompts import option_letter

ANSWER_FORMS = {
    "text": "the option's text",
    "letter": "the option's letter",
    "index": "the option's place, counted from 0",
    "number": "the option's place, counted from 1",
}
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_SEPARATORS = ("\n", "|", ";")
_SHOWN = 80
# Python's parser takes many times the memory of what it parses.
_LIST_AT_MOST = 100_000


def text_of(value: Any) -> str:
    """A cell as text; whole numbers stay whole ("3.0" in a column of numbers is 3)."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.strip() if isinstance(value, str) else str(value)


def list_of(value: Any) -> list[str]:
    """The texts that one cell holds, [] for an empty one; what is no list is one text."""
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        value = value["text"] if isinstance(value.get("text"), list) else list(value.values())
    if isinstance(value, list | tuple):
        return [text_of(_answer_in(item)) for item in value if not is_empty(_answer_in(item))]
    return [] if is_empty(value) else [text_of(value)]


def options_of(value: Any) -> list[str]:
    """The options that one cell holds, [] for an empty one."""
    texts = list_of(value)
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


def checked_options(options: Iterable[str]) -> tuple[str, ...]:
    """None, or at least two that differ. Raises RowError."""
    found = tuple(options)
    if len(found) == 1:
        raise RowError("options", f"There is only one option, “{_short(found[0])}”: give none, or two or more.")
    if "" in found:
        raise RowError(
            "options", f"Option {option_letter(found.index(''))} is empty, but a later one is not: fill it in."
        )
    if len(set(found)) < len(found):
        raise RowError("options", "Two of the options are the same: every option must differ from the others.")
    return found


def answer_form(pairs: Iterable[tuple[tuple[str, ...], Any]]) -> str:
    """The form of ``ANSWER_FORMS`` that reads the most of the (options, answer) pairs; the first of equals.

    Places counted from 1 are meant only where a count from 0 does not fit at all of the rows.
    """
    looked_at = [(options, answer) for options, answer in pairs if options and not is_empty(answer)]
    fits = {form: sum(_at(form, options, answer) is not None for options, answer in looked_at) for form in ANSWER_FORMS}
    return max(fits, key=lambda form: fits[form])


def truth_of(value: Any, options: tuple[str, ...], form: str) -> str:
    """The option that an answer in that form names. Raises RowError, saying what would be right."""
    if is_empty(value):
        raise RowError("answer", "The answer is empty: a labelled sample needs one.")
    at = _at(form, options, value)
    if at is not None:
        return options[at]
    if form in ("text", "letter"):
        read = read_answer(text_of(value), options).answer
        if read in options and sum(normalise(option) == normalise(read) for option in options) == 1:
            return read
    raise RowError(
        "answer",
        f"The answer “{_short(text_of(value))}” names none of the options {_short(' · '.join(options))}: it must be "
        f"{ANSWER_FORMS[form]}.",
    )


def _at(form: str, options: tuple[str, ...], value: Any) -> int | None:
    text = text_of(value)
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
    """A list or object written as JSON or as Python writes it, else the text itself."""
    stripped = text.strip()
    if stripped[:1] + stripped[-1:] not in ("[]", "{}"):
        return text
    for parse in (json.loads, _from_python) if len(stripped) <= _LIST_AT_MOST else (json.loads,):
        try:
            found = parse(stripped)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        return text if nests_too_deeply(found) else found
    return text


def _from_python(text: str) -> Any:
    """What Python reads in the text, if JSON could say it too: a set has no order, and a hexadecimal number no end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it finds fault with "\d" in a text
        found = ast.literal_eval(text)
    json.dumps(found)
    return found


def _answer_in(item: Any) -> Any:
    """VQA's lists hold {"answer", "answer_confidence", …} where others hold texts."""
    return item.get("answer", item.get("text")) if isinstance(item, dict) else item


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
