"""One case of the Review tab as HTML: question and answers, the rationale's steps, the curve, the editor, the history.

Renders what it is given and reads no rows.
"""

from collections.abc import Sequence
from typing import Any

from app.charts import curve_figure
from app.links import Place
from app.markup import clock, esc, percent, short
from app.tabs.review_list import VERDICTS
from core.answer_switch import margins
from core.answers import normalise
from core.prompts import letter
from core.types import Review
from storage.store import Case

MOST_SUGGESTED = 300
WHY = {
    "switched": "From step {step} on the wrong answer leads.",
    "no_switch": "The curve never switches for good; step {step} is where the wrong answer gains most.",
    "prior_ignored": "The teacher preferred the wrong answer before it read any step: weak evidence for step {step}.",
    "no_steps": "The rationale has no steps to look at.",
}


def case_html(case: Case) -> str:
    """Image, question and answers, with truth and student marked by word, shape and colour."""
    sample = case.sample
    picture = (
        f'<a class="picture" href="/image/{esc(sample.image)}" target="_blank" rel="noopener" title="Open the '
        'image in full size">'
        f'<img src="/image/{esc(sample.image)}" alt="The sample\'s image"></a>'
        if sample.image
        else ""
    )
    told = (f"sample {sample.source_id}", sample.category, sample.task)
    facts = " · ".join(short(part, 60) for part in dict.fromkeys(told) if part)
    return (
        f'<article class="case" data-sample="{sample.id}">{picture}<div class="asked"><p class="facts" '
        f'dir="auto">{facts}</p>'
        f'<h2 class="question" dir="auto">{esc(sample.question)}</h2>{_answers(case)}</div></article>'
    )


def _answers(case: Case) -> str:
    sample, given = case.sample, case.prediction.answer
    options = list(sample.options) or [sample.answer]
    rows = "".join(
        _answer(letter(index) if sample.options else "", text, text == sample.answer, _same(text, given))
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
        items = '<li class="subdued">The output holds no steps.</li>'
    title = (
        '<h3 title="The number beside a step is the margin: how far the teacher prefers the wrong answer '
        'after it.">Steps</h3>'
    )
    return f'<div class="rationale">{title}<ol class="steps">{items}</ol>{_raw(case)}</div>'


def _step(number: int, text: str, gap: float | None, is_mistake: bool) -> str:
    tint = "" if gap is None else f' style="--tint:{min(1.0, abs(gap)) * 100:.0f}%"'
    side = "" if gap is None else " wrong" if gap > 0 else " right"
    told = "" if gap is None else f'<span class="margin" title="margin after this step">{gap:+.2f}</span>'
    return (
        f'<li class="step{side}{" mistake" if is_mistake else ""}" data-step="{number}" role="button" tabindex="0" '
        f'aria-pressed="{"true" if is_mistake else "false"}"{tint}><b>{number}</b><span dir="auto">{esc(text)}</span>'
        f'<em class="flag">mistake</em>{told}</li>'
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


def editor_html(case: Case, place: Place, history: Sequence[Review], *, token: str) -> str:
    """The form a verdict is sent from; what the machine found stays readable beside what a person makes of it."""
    found = case.diagnosis
    machine_step = found.switch.mistake_step or 0 if found else 0
    machine_skill = found.skill if found else ""
    steps = len(case.prediction.steps)
    values = {
        "sample": case.sample.id, "round": place.round, "project": place.project, "steps": steps,
        "step": case.mistake_step or 0, "machine-step": machine_step, "machine-skill": machine_skill,
        "open": "yes" if steps else "no", "token": token,
    }  # fmt: skip
    data = "".join(f' data-{name}="{esc(value)}"' for name, value in values.items())
    return (
        f'<form class="editor"{data} autocomplete="off">{_why(case)}<div class="row">'
        '<div class="field step-field"><span>Mistake step</span><output><b class="chosen">'
        f"{case.mistake_step or 'none'}</b>"
        f'<small class="was" hidden> machine: {machine_step or "none"}</small></output></div>'
        '<label class="field grow"><span>Missing skill</span><input name="skill" list="known-skills" '
        'maxlength="200" dir="auto" '
        f'value="{esc(case.skill)}" placeholder="the ability that the mistake step lacked, in a few words"></label>'
        f"</div>{_machine(case)}"
        f'<div class="row verdicts">{_buttons(case)}</div>{_misread(case)}{_history(history)}</form>'
    )


def _why(case: Case) -> str:
    if case.diagnosis is None:
        if case.prediction.answer is None:
            said = "Not diagnosed: no answer could be read from the output. Was it misread?"
        elif not case.prediction.steps:
            said = "Not diagnosed: the output holds no steps."
        else:
            said = "Not diagnosed yet: run Diagnose on the Data tab."
        return f'<p class="sure"><b class="badge">no diagnosis</b> {said}</p>'
    switch = case.diagnosis.switch
    said = WHY[switch.status].format(step=switch.mistake_step)
    return f'<p class="sure"><b class="badge {switch.status}">{percent(switch.confidence, 0)} sure</b> {said}</p>'


def _machine(case: Case) -> str:
    if not case.diagnosis or case.skill == case.diagnosis.skill:
        return ""
    return f'<p class="subdued" dir="auto">The machine said: {esc(case.diagnosis.skill, 200)}</p>'


def _buttons(case: Case) -> str:
    verdict = case.review.verdict if case.review else ""
    shown = [
        ("accepted", "Accept", "A", "primary"), ("edit", "Edit", "E", ""), ("rejected", "Reject", "R", ""),
        ("skipped", "Skip", "S", ""), ("label_wrong", "Label wrong", "L", "apart"), ("misread-ask", "Misread", "M", ""),
    ]  # fmt: skip
    parts = [
        f'<button type="button" class="button {css}{" given" if verdict in (name, name.removesuffix("-ask")) else ""}" '
        f'data-verdict="{name}"><span class="label">{label}</span> <kbd>{key}</kbd></button>'
        for name, label, key, css in shown
    ]
    sign, name = VERDICTS.get(verdict or "unreviewed", ("○", "not reviewed"))
    parts.append(f'<span class="grow"></span><span class="stands">{sign} {name}</span>')
    parts.append('<button type="button" class="button" data-verdict="undo">Undo <kbd>U</kbd></button>')
    return "".join(parts)


def _misread(case: Case) -> str:
    if case.sample.options:
        options = "".join(f'<option value="{esc(text)}">{short(text, 80)}</option>' for text in case.sample.options)
        field = f'<select name="answer">{options}</select>'
    else:
        field = f'<input name="answer" maxlength="2000" dir="auto" value="{esc(case.prediction.answer or "")}">'
    return (
        '<div class="misread row" hidden><label class="field grow"><span>The student really answered</span>'
        f"{field}</label>"
        '<button type="button" class="button primary" data-verdict="misread">Save and score again</button></div>'
    )


def _history(history: Sequence[Review]) -> str:
    if not history:
        return ""
    rows = "".join(f"<li>{_said(review)}</li>" for review in reversed(history[-8:]))
    return f'<ol class="history" aria-label="History">{rows}</ol>'


def _said(review: Review) -> str:
    sign, name = VERDICTS.get(review.verdict, ("↶", "verdict taken back"))
    what = f"{sign} <b>{name}</b>"
    if review.verdict in ("accepted", "edited"):
        what += f" · step {review.mistake_step} · {esc(review.skill, 200)}"
    if review.answer is not None:
        what += f" · answer {short(review.answer, 80)}"
    return f'<time>{clock(review.created)}</time> {short(review.reviewer, 40)} <span dir="auto">{what}</span>'


def suggestions_html(skills: Sequence[str]) -> str:
    """The skills that the editor completes from."""
    options = "".join(f'<option value="{esc(skill, 200)}"></option>' for skill in skills[:MOST_SUGGESTED])
    return f'<datalist id="known-skills">{options}</datalist>'
