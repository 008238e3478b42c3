"""BIG-Bench Mistake (Tyen et al. 2024): PaLM 2's rationales with the human-annotated first wrong step.

A row is {"input", "steps", "target", "answer", "mistake_index"} and includes its text-only sample; ``mistake_index``
counts from 0 and is null when no step is wrong. Rows have no id, so a sample is named by a hash of its input. A gold
index at a step that only states the answer has no counterpart among our steps and becomes None (this does not occur in
the published logical_deduction file).
"""

import hashlib
from typing import Any

from core.importers.fields.inline_options import split_options
from core.importers.fields.typed import as_fields, check_text, text_field, text_list
from core.importers.formats.predictions import check_index, locate_answer, numbered_steps
from core.importers.results import ImportedPrediction, RowError
from core.parsing.answer import read_answer
from core.parsing.reading import UNCLEAR
from core.types import Sample

TASK = "BIG-Bench Mistake"


def is_row(value: Any) -> bool:
    """Whether a row looks like this format."""
    return isinstance(value, dict) and {"input", "steps", "target"} <= value.keys()


def parse_row(value: Any, category: str) -> tuple[Sample, ImportedPrediction]:
    """The sample in a row and its prediction; ``category`` is the file's task. Raises RowError."""
    row = as_fields(value)
    sample = _sample(text_field(row, "input"), text_field(row, "target"), category)
    given = text_list(row, "steps")
    steps, places = numbered_steps(given)
    mistake = row.get("mistake_index")
    if mistake is not None:
        check_index("mistake_index", mistake, len(given))
    text = "\n".join(given)
    stated = row.get("answer")
    answer = UNCLEAR if stated is None else read_answer(check_text(stated, "answer"), sample.options)
    reading = locate_answer(text, answer, sample.options)
    return sample, ImportedPrediction(
        source_id=sample.source_id,
        text=text,
        steps=steps,
        answer=reading.answer,
        reading=reading.rule,
        span=reading.span,
        read_confidence=reading.confidence,
        gold_mistake_step=None if mistake is None else places.get(mistake + 1),
    )


def _sample(asked: str, target: str, category: str) -> Sample:
    question, options = split_options(asked)
    if not question:
        raise RowError("input", "The question is empty.")
    truth = read_answer(target, options).answer if options else target
    if not truth or (options and truth not in options):
        raise RowError("target", f"The truth “{target}” is not among the options {' · '.join(options)}.")
    return Sample(
        source_id="bigbench-mistake-" + hashlib.sha256(asked.encode()).hexdigest()[:12],
        question=question,
        options=options,
        answer=truth,
        category=category,
        task=TASK,
    )
