"""Columns that could stand for one field: which belong together, and which contradict each other.

A guess by name is held against the rows, because a file may have a column for the instruction and one for the question,
or one answer by a person and one by a model.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UserError
from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_text
from core.importers.fields.column_names import FIELDS, candidates, normalise_name
from core.importers.fields.inline_options import split_options
from core.importers.fields.option_cells import names_one
from core.importers.fields.options_and_answers import answer_form, parse_truth
from core.importers.fields.row_cells import Rows, row_answer, row_question, tried_row_options
from core.importers.results import RowError
from core.parsing.normalisation import normalise

_MAX_SHOWN = 60
_LETTER = re.compile(r"\(?[A-H][).]?")


def question_columns(columns: Sequence[str], found: str, rows: Rows) -> list[str]:
    """The columns that make up the question: alpaca's instruction and input, or an instruction and what it is for.

    A column that says the same in every row is an instruction where another candidate differs from row to row.
    """
    others = [each for each in candidates(columns, FIELDS["question"]) if each != found]
    inputs = [each for each in others if normalise_name(each) == "input"]
    if inputs and normalise_name(found) == "instruction":
        return [found, *inputs]
    if len(rows) < 2 or len({_shown(row.get(found)) for row in rows}) > 1:
        return [found]
    told = [each for each in others if len({_shown(row.get(each)) for row in rows}) > 1]
    return [found, *told[:1]]


def holds_options(mapping: Mapping[str, str], rows: Rows) -> bool:
    """Whether the questions hold options of which the answers name one."""
    return any(names_one(list(_inside(row, mapping)), row.get(mapping.get("answer", ""))) for row in rows)


def letters_note(mapping: Mapping[str, str], rows: Rows) -> str:
    """What is said where the answers are letters of options that nothing names; "" elsewhere."""
    answers = [cell_text(row.get(mapping.get("answer", ""))) for row in rows]
    letters = [each for each in answers if _LETTER.fullmatch(each)]
    if "options" in mapping or len(letters) < 2 or len(letters) * 2 <= len(answers):
        return ""
    return (
        f"Most answers are letters ({', '.join(sorted(set(letters)))[:20]}), but no options were found: say which "
        "column has them (options=COLUMN), or the letters themselves are the answers."
    )


def truth_columns(columns: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    """The columns that could be the answer as well, going by their names."""
    taken = {each for column in mapping.values() for each in (column, *column.split("|"))}
    return [each for each in candidates(columns, FIELDS["answer"]) if each not in taken]


def check_truths(name: str, mapping: Mapping[str, str], others: Sequence[str], rows: Rows) -> None:
    """Raises UserError where another column could be the answer and says something else."""
    chosen = mapping.get("answer", "")
    for other in others if chosen else ():
        told = [(_truth(row, mapping, chosen, rows), _truth(row, mapping, other, rows)) for row in rows]
        both = [(one, two) for one, two in told if one and two]
        if not both or len(both) < 0.9 * sum(bool(one) for one, _ in told):
            continue
        if differing := next(((one, two) for one, two in both if normalise(one) != normalise(two)), None):
            one, two = (each[:_MAX_SHOWN] for each in differing)
            raise UserError(
                f"{name}: “{chosen}” and “{other}” could both be the answer, and they differ (“{one}” and “{two}”): "
                "say which one it is (answer=COLUMN)."
            )


def _truth(row: Mapping[str, Any], mapping: Mapping[str, str], column: str, rows: Rows) -> str:
    """The truth that a column states, "" where it states none that can be compared."""
    value = row_answer(row, mapping, column)
    if is_empty(value) or isinstance(value, dict | list | bytes | bool):
        return ""
    if "options" not in mapping:
        return cell_text(value) if isinstance(value, str) else ""
    options = tuple(tried_row_options(row, mapping))
    form = answer_form((tuple(tried_row_options(each, mapping)), row_answer(each, mapping, column)) for each in rows)
    try:
        return parse_truth(value, options, form) if options else ""
    except RowError:
        return ""


def _inside(row: Mapping[str, Any], mapping: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return split_options(row_question(row, mapping))[1]
    except RowError:
        return ()


def _shown(value: Any) -> str:
    return "" if is_empty(value) else cell_text(value)
