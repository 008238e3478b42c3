"""What the page and the report show of the same case: its facts and its answers.

Knows no database; ``case.html`` holds the macros that go with it.
"""

from dataclasses import dataclass

from app.rendering.formatting import short
from core.parsing.comparison.equality import same_answer
from core.parsing.scoring import truth_of
from core.prompts import option_letter
from storage.store import Case


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One answer of a case: ``mark`` is its option's letter, "?" where no answer could be read, else ""."""

    mark: str
    text: str
    is_truth: bool
    is_student: bool


def answer_rows(case: Case) -> list[AnswerRow]:
    """The options, or the truth where there are none, and the student's answer where it is none of them."""
    sample, given = case.sample, case.prediction.answer
    truth = truth_of(sample)
    rows = [
        AnswerRow(
            mark=option_letter(index) if sample.options else "",
            text=text,
            is_truth=text == truth,
            is_student=text == given
            or (given is not None and given not in sample.options and same_answer(given, text)),
        )
        for index, text in enumerate(sample.options or (truth,))
    ]
    if given is None:
        text = "No answer could be read from the output."
        rows.append(AnswerRow(mark="?", text=text, is_truth=False, is_student=True))
    elif not any(row.is_student for row in rows):
        rows.append(AnswerRow(mark="", text=given, is_truth=False, is_student=True))
    return rows


def facts(case: Case, *names: str) -> str:
    """The sample in one line: its ``names``, category and task, each once and shortened."""
    parts = (*names, case.sample.category, case.sample.task)
    return " · ".join(short(part, 60) for part in dict.fromkeys(parts) if part)
