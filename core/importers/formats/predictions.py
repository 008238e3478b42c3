"""Predictions of another program: {"id", "rationale" or "steps", "prediction", optional "mistake_step"}.

Other field names are recognised (``prediction_files.columns``) or mapped by the user. In a CSV, steps are a list or
one a line.

``prediction`` is a letter, an option's text, a free answer, or (as in ScienceQA's published results) an option's index
from 0; without it the answer is read from the rationale. ``mistake_step`` counts the given steps from 1. A gold step
that only states the answer has no counterpart among our steps and becomes None.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cells_as_text import cell_text, cell_texts
from core.importers.fields.typed import Fields, as_fields, check_text, id_field, text_field, text_list
from core.importers.prediction_files.ids import known_id
from core.importers.prediction_files.replies import refuse_failure, reply_text
from core.importers.results import ImportedPrediction, RowError
from core.parsing.answer import is_correct, read_answer
from core.parsing.reading import Reading
from core.parsing.steps import split_steps, strip_answer
from core.types import Sample

CONTRADICTED_CONFIDENCE = 0.6

_WHOLE = re.compile(r"[+-]?\d{1,15}(?:\.0+)?")


def named_fields(row: Mapping[str, Any], mapping: Mapping[str, str], *, as_text: bool) -> Fields:
    """The row under the names of ``PREDICTION_FIELDS``; ``as_text`` for a CSV, where numbers and lists are text."""
    fields = {field: row.get(column) for field, column in mapping.items()}
    fields |= {field: reply_text(fields[field], field) for field in ("rationale", "prediction") if field in fields}
    fields = {field: None if is_empty(value) else value for field, value in fields.items()}
    for field, value in fields.items():
        if isinstance(value, float) and value.is_integer():
            fields[field] = int(value)  # columns of integers with gaps are stored as floats
    told = fields.get("rationale")
    if isinstance(told, int | float) and not isinstance(told, bool):
        fields["rationale"] = cell_text(told)  # a reply that is only a number, in a sheet or a column of numbers
    if not as_text:
        return fields
    for field in ("prediction", "mistake_step"):
        value = fields.get(field)
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            fields[field] = int(float(value))
    if fields.get("steps") is not None:
        steps = cell_texts(fields["steps"])
        fields["steps"] = [line for line in steps[0].splitlines() if line.strip()] if len(steps) == 1 else steps
    return fields


def parse_prediction(value: Any, known: Mapping[str, Sample]) -> ImportedPrediction:
    """The prediction in a row for one of the known samples (by source id). Raises RowError."""
    row = as_fields(value)
    source_id = known_id(id_field(row), known)
    sample = known.get(source_id)
    if sample is None:
        raise RowError("id", f"No validation or test sample has the id “{source_id}”: import the samples first.")
    given_steps = text_list(row, "steps") if row.get("steps") is not None else None
    if not given_steps and row.get("rationale") is None:
        raise RowError("rationale", "Neither a rationale nor steps are given: one of them must be.")
    text = "\n".join(given_steps) if given_steps else text_field(row, "rationale")
    refuse_failure(text, sample.options)
    steps, places = numbered_steps(given_steps) if given_steps else _split(text, sample.options)
    gold = row.get("mistake_step")
    if gold is not None:
        _check_number("mistake_step", gold, 1, len(given_steps or steps))
    reading = _reading(row, text, sample.options)
    return ImportedPrediction(
        source_id=source_id,
        text=text,
        steps=steps,
        answer=reading.answer,
        reading=reading.rule,
        span=reading.span,
        read_confidence=reading.confidence,
        gold_mistake_step=places.get(gold) if gold is not None else None,
    )


def numbered_steps(given: Sequence[str]) -> tuple[tuple[str, ...], dict[int, int]]:
    """The steps without statements of the answer, and for each given number (from 1) the number here.

    A step that only states the answer has none.
    """
    steps: list[str] = []
    places: dict[int, int] = {}
    for number, step in enumerate(map(strip_answer, given), 1):
        if step:
            steps.append(step)
            places[number] = len(steps)
    return tuple(steps), places


def locate_answer(text: str, given: Reading, options: tuple[str, ...]) -> Reading:
    """The given answer, with the place where the text states it (rule "given" where it does not).

    A given answer has confidence 1, unless the text states another.
    """
    if given.answer is None:
        return given
    stated = read_answer(text, options)
    # Exact comparison for options, which may differ only in case (ScienceQA's "Formatting").
    if stated.answer == given.answer or (given.answer not in options and is_correct(stated.answer, given.answer)):
        return replace(stated, confidence=1.0)
    rule = "other" if given.rule == "other" else "given"
    says_otherwise = stated.answer is not None and stated.rule != "other"
    return Reading(
        answer=given.answer, rule=rule, span=None, confidence=CONTRADICTED_CONFIDENCE if says_otherwise else 1.0
    )


def check_index(name: str, value: Any, count: int) -> int:
    """An integer from 0 to ``count`` − 1. Raises RowError."""
    return _check_number(name, value, 0, count - 1)


def _split(text: str, options: tuple[str, ...]) -> tuple[tuple[str, ...], dict[int, int]]:
    steps = split_steps(text, options)
    return steps, {number: number for number in range(1, len(steps) + 1)}


def _check_number(name: str, value: Any, low: int, high: int) -> int:
    if high < low:
        raise RowError(name, f"“{name}” names a step, but the rationale has none: leave it empty.")
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RowError(name, f"“{name}” must be a whole number from {low} to {high}, or null.")
    return value


def _reading(row: Fields, text: str, options: tuple[str, ...]) -> Reading:
    given = row.get("prediction")
    if given is None:
        return read_answer(text, options)
    if isinstance(given, int | float) and not isinstance(given, bool):
        return _from_number(given, text, options)
    return locate_answer(text, read_answer(check_text(given, "prediction"), options), options)


def _from_number(given: int | float, text: str, options: tuple[str, ...]) -> Reading:
    """A number is an index from 0, or an answer that is a number; when both are possible, the rationale decides."""
    meant = [option for option in options if is_correct(str(given), option)]
    if isinstance(given, int) and 0 <= given < len(options) and options[given] not in meant:
        meant.append(options[given])
    if len(meant) > 1:
        stated = read_answer(text, options)
        if stated.answer not in meant:
            raise RowError("prediction", f"{given} may be an option's index or its text: give its letter instead.")
        return stated
    answer = meant[0] if meant else str(given)
    rule = "given" if meant or not options else "other"
    return locate_answer(text, Reading(answer=answer, rule=rule, span=None), options)
