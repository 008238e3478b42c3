"""One case of the Review tab: image, question and answers, the rationale's steps, and the curve.

Renders what it is given and reads no rows.
"""

from collections import Counter
from itertools import zip_longest
from typing import Any

from markupsafe import Markup

from app.rendering.case import answer_rows, facts
from app.rendering.charts import curve_figure
from app.rendering.templates import render
from core.answer_switch import margins
from storage.store import Case

MAX_ANSWERS = 6
CONTEXT_LENGTH = 40


def case_html(case: Case) -> Markup:
    """Image, question and answers, with what people answered and how the student scores where several answers count."""
    sample = case.sample
    has_votes = bool(sample.answers) and not sample.options
    return render(
        "review/case.html",
        sample=sample,
        facts=facts(case, f"#{sample.id}", sample.source_id),
        rows=answer_rows(case),
        votes=Counter(sample.answers).most_common(MAX_ANSWERS) if has_votes else (),
        score=case.prediction.score,
    )


def steps_html(case: Case) -> Markup:
    """The steps, tinted by the margin after each, and the words that the answer was read from."""
    said, gaps = case.prediction, margins(case.diagnosis.curve)[1:] if case.diagnosis else ()
    return render(
        "review/steps.html",
        steps=list(zip_longest(said.steps, gaps[: len(said.steps)])),
        mistake_step=case.mistake_step,
        text=said.text,
        span=said.span,
        reading=said.reading,
        context_length=CONTEXT_LENGTH,
    )


def figure(case: Case) -> dict[str, Any] | None:
    """The answer-switch curve for plotly, None where there is no diagnosis."""
    found = case.diagnosis
    if found is None:
        return None
    shown = curve_figure(found.curve, prior=found.prior, delta=found.delta, mistake_step=case.mistake_step)
    return {**shown, "sample": case.sample.id}
