"""Map a table's columns to fields: proposed from names and values, validated where a user specifies it.

A mapping is {field: column}; several option columns, or columns that make up the question, are joined by "|"
("A|B|C|D", "instruction|input"). Options that stand in the question are mapped to the question's column. ``answer_as``
and ``options_as`` are not columns but the forms of the answers (``options_and_answers.ANSWER_FORMS``) and of options in
one cell (``option_cells.OPTION_FORMS``).
"""

import re
from collections.abc import Mapping, Sequence

from core.errors import UserError
from core.importers.fields.candidates import check_truths, holds_options, question_columns, truth_columns
from core.importers.fields.column_names import FIELDS, match_by_name, normalise_name
from core.importers.fields.column_values import match_by_values
from core.importers.fields.option_cells import OPTION_FORMS, option_form, tried_option_text
from core.importers.fields.options_and_answers import ANSWER_FORMS, answer_form
from core.importers.fields.row_cells import SEPARATOR, Rows, row_answer, tried_row_options

_LETTERED = re.compile(r"(?:(option|choice|opt|candidate|ending|answer)_?)?([a-z]|\d{1,2})")
_FORMS = {"options_as": OPTION_FORMS, "answer_as": ANSWER_FORMS}


def propose_mapping(columns: Sequence[str], first_rows: Rows) -> dict[str, str]:
    """The mapping suggested by names and values; fields without a fitting column are left out."""
    mapping: dict[str, str] = {}
    if lettered := _option_columns(columns):
        mapping["options"] = SEPARATOR.join(lettered)
    wanted = {field: names for field, names in FIELDS.items() if field not in mapping}
    mapping |= match_by_name([column for column in columns if column not in lettered], wanted)
    if "question" in mapping:
        mapping["question"] = SEPARATOR.join(question_columns(columns, mapping["question"], first_rows))
    taken = {*lettered, *(each for column in mapping.values() for each in _columns_in(column, columns))}
    match_by_values(mapping, [column for column in columns if column not in taken], first_rows)
    return mapping | _proposed_forms(mapping, first_rows)


def reply_as_answer(columns: Sequence[str], first_rows: Rows) -> dict[str, str]:
    """The answer of a set to train on that has a reply and no other answer (alpaca's ``output``), else {}."""
    proposed = propose_mapping(columns, first_rows)
    if {"answer", "answers"} & proposed.keys() or "response" not in proposed:
        return {}
    return {"answer": proposed["response"]}


def resolve_mapping(
    name: str, columns: Sequence[str], given: Mapping[str, str], first_rows: Rows, *, splits_questions: bool = False
) -> dict[str, str]:
    """The proposed mapping overridden by the user's; a field given as "" is left out.

    With ``splits_questions`` options are looked for in the question where no column has them. Raises UserError, naming
    the file, when a field or column does not exist, question or answer have no column, or two columns that could be the
    answer say different things.
    """
    for field, column in given.items():
        if field in _FORMS:
            if column and column not in _FORMS[field]:
                what = field.removesuffix("_as").rstrip("s") + "s"
                raise UserError(f"{name}: {what} are read as one of {', '.join(_FORMS[field])}, not as “{column}”.")
        elif field not in FIELDS:
            raise UserError(f"{name}: there is no field “{field}”: choose among {', '.join(FIELDS)}.")
        elif missing := [each for each in _columns_in(column, columns) if each not in columns]:
            raise UserError(f"{name} has no column “{missing[0]}”: its columns are {', '.join(columns)}.")
    mapping = _unclaimed(propose_mapping(columns, first_rows), given, columns) | dict(given)
    mapping = {field: column for field, column in mapping.items() if column}
    for field, instead in (("question", ""), ("answer", "answers")):
        if field not in mapping and instead not in mapping:
            raise UserError(
                f"{name}: none of its columns ({', '.join(columns)}) looks like the {field}: say which one it is "
                f"({field}=COLUMN)."
            )
    told = "options" in given or any(tried_row_options(row, mapping) for row in first_rows)
    if splits_questions and not told and holds_options(mapping, first_rows):
        mapping["options"] = mapping["question"]
    forms = {form: chosen for form, chosen in given.items() if form in _FORMS and chosen}
    mapping |= _proposed_forms(mapping | forms, first_rows) | forms
    if "answer" not in given:
        check_truths(name, mapping, truth_columns(columns, mapping), first_rows)
    return {field: mapping[field] for field in (*FIELDS, *_FORMS) if field in mapping}


def _columns_in(column: str, columns: Sequence[str]) -> list[str]:
    """The columns that one entry of a mapping names."""
    return [column] if column in columns else column.split(SEPARATOR) if column else []


def _unclaimed(proposed: Mapping[str, str], given: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """The proposed mapping without columns that the user gives to another field; options may stay in the question."""
    claims = {field: column for field, column in given.items() if column != proposed.get("question")}
    claimed = {each for column in claims.values() for each in _columns_in(column, columns)}
    left: dict[str, str] = {}
    for field, column in proposed.items():
        named = _columns_in(column, columns)
        kept = [each for each in named if each not in claimed]
        if field in given or kept == named:
            left[field] = column
        elif field == "question" and kept:
            left[field] = SEPARATOR.join(kept)
    return left


def _proposed_forms(mapping: Mapping[str, str], first_rows: Rows) -> dict[str, str]:
    """The forms of options and answers in the first rows; ``mapping`` may have one of them already."""
    if "options" not in mapping:
        return {}
    entry, of = mapping["options"], mapping.get("answer", "")
    split_here = SEPARATOR not in entry and entry != mapping.get("question")
    texts = [(text, row.get(of)) for row in first_rows if split_here and (text := tried_option_text(row.get(entry)))]
    forms = {"options_as": form} if (form := mapping.get("options_as") or option_form(texts)) and texts else {}
    if of:
        pairs = ((tuple(tried_row_options(row, {**mapping, **forms})), row_answer(row, mapping)) for row in first_rows)
        counted = normalise_name(entry.split(SEPARATOR)[0]).endswith("1")
        forms["answer_as"] = mapping.get("answer_as") or answer_form(pairs, from_one=counted)
    return forms


def _option_columns(columns: Sequence[str]) -> list[str]:
    """The longest run of columns A, B, … or option_0, option_1, … (also from 1), at least two."""
    runs: dict[str, dict[str, str]] = {}
    for column in columns:
        if match := _LETTERED.fullmatch(normalise_name(column)):
            runs.setdefault(match[1] or "", {}).setdefault(match[2], column)
    best: list[str] = []
    for run in runs.values():
        for labels in ("abcdefghijklmnopqrstuvwxyz", [str(n) for n in range(100)], [str(n) for n in range(1, 100)]):
            found: list[str] = []
            for label in labels:
                if label not in run:
                    break
                found.append(run[label])
            best = max(best, found, key=len)
    return best if len(best) > 1 else []
