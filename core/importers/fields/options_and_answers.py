"""Check options, and parse answers in the cells of a table.

An answer names an option by text, by letter, or by index from 0 or 1; which of these a file uses is decided once, from
its first rows, not row by row. Without options it is one text, or a list of texts of which each counts as right.
"""

import re
from collections.abc import Iterable
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cell_lists import is_list_of_texts, list_in_text
from core.importers.fields.cells_as_text import cell_text, cell_texts
from core.importers.results import RowError
from core.parsing.answer import read_answer
from core.parsing.option_mentions import exact_matches
from core.prompts import option_letter

ANSWER_FORMS = {
    "text": "the option's text",
    "letter": "the option's letter",
    "index": "the option's place, counted from 0",
    "number": "the option's place, counted from 1",
}
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_MAX_SHOWN = 80


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


def answer_form(pairs: Iterable[tuple[tuple[str, ...], Any]], *, from_one: bool = False) -> str:
    """The form of ``ANSWER_FORMS`` that fits most of the (options, answer) pairs; the first on ties.

    Indices from 1 are assumed only where indices from 0 fit fewer rows, or the options' columns are counted
    ``from_one`` (option_1, option_2, …) and fit as many.
    """
    looked_at = [(options, answer) for options, answer in pairs if options and not is_empty(answer)]
    fits = {
        form: sum(_option_index(form, options, answer) is not None for options, answer in looked_at)
        for form in ANSWER_FORMS
    }
    return max(fits, key=lambda form: (fits[form], from_one and form == "number" and fits["text"] < fits[form]))


def parse_truth(value: Any, options: tuple[str, ...], form: str) -> str:
    """The option that an answer in that form names. Raises RowError, saying what would be right."""
    value = _only_answer(value, options)
    if is_empty(value):
        raise RowError("answer", "The answer is empty: a labelled sample needs one.")
    at = _option_index(form, options, value)
    if at is not None:
        return options[at]
    if form in ("text", "letter"):
        read = read_answer(cell_text(value), options).answer
        if read in options and len(exact_matches(read, options)) == 1:
            return read
    raise RowError(
        "answer",
        f"The answer “{_shorten(cell_text(value))}” names none of the options {_shorten(' · '.join(options))}: it must "
        f"be {ANSWER_FORMS[form]}.",
    )


def truth_texts(value: Any) -> list[str]:
    """The truths in the answer's cell of a question without options: one text, or the texts of a list.

    A list of numbers that is written as text stays one text ("[1, 2]" may be what was asked for). Raises RowError.
    """
    if isinstance(value, str):
        held = _innermost(list_in_text(value, "answer"))
        if isinstance(held, dict) and not isinstance(held.get("text"), list):
            return [_told(held) or value.strip()]
        objects = isinstance(held, list) and bool(held) and all(isinstance(each, dict) for each in held)
        several = objects or isinstance(held, dict) or held == [] or is_list_of_truths(held)
        return cell_texts(held, "answer") if several else [value.strip()]
    if isinstance(value, dict) and not isinstance(value.get("text"), list):
        told = _told(value)
        if told is None:
            raise RowError(
                "answer", "“answer” must be text, not an object: choose another column, or write it as text."
            )
        return [told]
    return cell_texts(value, "answer")


def is_list_of_truths(value: Any) -> bool:
    """Whether a value is a list with a text in it, and of nothing else but numbers and empty cells."""
    plain = isinstance(value, list) and all(isinstance(each, str | int | float) or is_empty(each) for each in value)
    return plain and any(isinstance(each, str) for each in value)


def _told(value: dict[str, Any]) -> str | None:
    """The truth in an object."""
    found = next((value[name] for name in ("answer", "text") if isinstance(value.get(name), str)), None)
    return None if found is None else found.strip()


def _innermost(value: Any) -> Any:
    """What a list of one list holds, however often it is nested."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return value


def _only_answer(value: Any, options: tuple[str, ...]) -> Any:
    """The answer itself where a list holds one. Raises RowError for several."""
    held = value
    if isinstance(value, str) and value.strip() not in options:
        held = _innermost(list_in_text(value, "answer"))
        held = held if is_list_of_texts(held) or (isinstance(held, list) and len(held) == 1) else value
    if not isinstance(held, list | tuple | dict):
        return held
    found = list(dict.fromkeys(cell_texts(held, "answer")))
    if len(found) > 1:
        shown = _shorten(" · ".join(found))
        raise RowError("answer", f"There are several answers ({shown}): a sample with options has one that is right.")
    return found[0] if found else None


def _option_index(form: str, options: tuple[str, ...], value: Any) -> int | None:
    try:
        text = cell_text(_only_answer(value, options))
    except RowError:  # several answers, which are refused where the row is read
        return None
    if form == "text":
        if text in options:
            return options.index(text)
        same = exact_matches(text, options)
        return same.pop() if len(same) == 1 else None
    if form == "letter":
        letter = _LETTER.fullmatch(text)
        at = ord(letter[1].upper()) - ord("A") if letter else -1
    else:
        at = int(text) - (form == "number") if re.fullmatch(r"\d{1,4}", text) else -1
    return at if 0 <= at < len(options) else None


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
