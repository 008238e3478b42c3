"""One case of the Review tab as HTML: image, question and answers, the rationale's steps, and the curve.

Renders what it is given and reads no rows.
"""

from collections import Counter
from typing import Any

from app.rendering.charts import curve_figure
from app.rendering.html import esc, hint_html, lecture_html, short
from core.answer_switch import margins
from core.parsing.answer import normalise
from core.parsing.scoring import truth_of
from core.prompts import option_letter
from storage.store import Case

MOST_ANSWERS = 6


def case_html(case: Case) -> str:
    """Image, question and answers, with truth and student marked by word, shape and colour."""
    sample = case.sample
    picture = (
        f'<button type="button" class="picture" data-zoom title="Look at the image in full size (Z)">'
        f'<img src="/image/{esc(sample.image)}" alt="The sample\'s image"></button>'
        if sample.image
        else ""
    )
    told = (f"#{sample.id}", sample.source_id, sample.category, sample.task)
    facts = " · ".join(short(part, 60) for part in dict.fromkeys(told) if part)
    return (
        f'<article class="case" data-sample="{sample.id}">{picture}<div class="asked"><p class="facts" '
        f'dir="auto">{facts}</p>'
        f'{hint_html(sample.hint)}<h2 class="question" dir="auto">{esc(sample.question)}</h2>{_answers(case)}'
        f"{_people(case)}{lecture_html(sample.lecture, 'raw')}</div></article>"
    )


def _people(case: Case) -> str:
    """What people answered where a question has several answers, most frequent first, and what the student's scores."""
    if case.sample.options or not case.sample.answers:
        return ""
    votes = Counter(case.sample.answers).most_common(MOST_ANSWERS)
    told = ", ".join(f"{short(answer, 60)} × {number}" for answer, number in votes)
    score = case.prediction.score
    scored = "" if score is None else f"; the student's answer scores {score:.2f}"
    return f'<p class="subdued" dir="auto">People answered {told}{scored}.</p>'


def _answers(case: Case) -> str:
    sample, given = case.sample, case.prediction.answer
    truth = truth_of(sample)
    options = list(sample.options) or [truth]
    rows = "".join(
        _answer(option_letter(index) if sample.options else "", text, text == truth, _same(text, given))
        for index, text in enumerate(options)
    )
    if given is None:
        rows += (
            '<li class="student"><i>?</i><span>No answer could be read from the output.</span><em>✗ student</em></li>'
        )
    elif not any(_same(text, given) for text in options):
        rows += _answer("", given, False, True)
    return f'<ol class="options">{rows}</ol>'


def _same(text: str, given: str | None) -> bool:
    return given is not None and (text == given or normalise(text) == normalise(given))


def _answer(mark: str, text: str, is_truth: bool, is_student: bool) -> str:
    css = " ".join(name for name, on in (("truth", is_truth), ("student", is_student)) if on)
    tags = ("<em>✓ truth</em>" if is_truth else "") + ("<em>✗ student</em>" if is_student else "")
    return f'<li class="{css}"><i>{mark}</i><span dir="auto">{esc(text)}</span>{tags}</li>'


def steps_html(case: Case) -> str:
    """The steps, tinted by the margin after each, and the words from which the answer was read."""
    gaps = margins(case.diagnosis.curve) if case.diagnosis else ()
    items = "".join(
        _step(number, text, gaps[number] if number < len(gaps) else None, number == case.mistake_step)
        for number, text in enumerate(case.prediction.steps, 1)
    )
    if not items:
        items = '<p class="subdued">The output holds no steps.</p>'
    title = (
        '<h3 title="The number beside a step is the margin: how far the teacher prefers the wrong answer '
        'after it.">Steps</h3>'
    )
    listed = f'<div class="steps" role="group" aria-label="Steps">{items}</div>'
    return f'<div class="rationale">{title}{listed}{_raw(case)}</div>'


def _step(number: int, text: str, gap: float | None, is_mistake: bool) -> str:
    tint = "" if gap is None else f' style="--tint:{min(1.0, abs(gap)) * 100:.0f}%"'
    side = "" if gap is None else " wrong" if gap > 0 else " right"
    told = "" if gap is None else f'<span class="margin" title="margin after this step">{gap:+.2f}</span>'
    return (
        f'<div class="step{side}{" mistake" if is_mistake else ""}" data-step="{number}" role="button" tabindex="0" '
        f'aria-pressed="{"true" if is_mistake else "false"}"{tint}><b>{number}</b><span dir="auto">{esc(text)}</span>'
        f'<em class="flag">mistake</em>{told}</div>'
    )


def _raw(case: Case) -> str:
    """The untouched output with the characters marked from which the answer was read."""
    text, span = case.prediction.text, case.prediction.span
    if span is None:
        return (
            '<details class="raw"><summary>Answer: '
            f'{short(case.prediction.reading, 60) or "unclear"}</summary><p dir="auto">{esc(text)}</p></details>'
        )
    start, end = span
    before = text[max(0, start - 40) : start].replace("\n", " ")
    summary = (
        f'Answer read from <q dir="auto">{"…" if start > 40 else ""}{esc(before)}<mark>'
        f"{esc(text[start:end])}</mark></q>"
    )
    whole = f"{esc(text[:start])}<mark>{esc(text[start:end])}</mark>{esc(text[end:])}"
    return f'<details class="raw"><summary>{summary}</summary><p dir="auto">{whole}</p></details>'


def figure(case: Case) -> dict[str, Any] | None:
    """The answer-switch curve for plotly, None where there is no diagnosis."""
    found = case.diagnosis
    if found is None:
        return None
    shown = curve_figure(found.curve, prior=found.prior, delta=found.delta, mistake_step=case.mistake_step)
    return {**shown, "sample": case.sample.id}
