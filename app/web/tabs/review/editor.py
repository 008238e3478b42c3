"""The form a verdict is sent from: why the machine is (un)sure, step, skill and reason, what both sides of a conflict
said, and the case's history.

Renders what it is given and reads no rows. A draft fills the form; what stands stays readable beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.rendering.formatting import percent
from app.rendering.html import clock, command, esc, short
from app.reviews.wording import VERDICT_LABELS, confidence_reason
from app.web.page.place import Place
from core.types import Draft, Review
from storage.store import Case

MOST_SUGGESTED = 300
SHOWN_HISTORY = 12
BUTTONS = (
    ("accepted", "Accept", "A", "primary"),
    ("edit", "Edit", "E", ""),
    ("rejected", "Reject", "R", ""),
    ("skipped", "Skip", "S", ""),
    ("label_wrong", "Label wrong", "L", "apart"),
    ("misread-ask", "Misread", "M", ""),
)


@dataclass(frozen=True, kw_only=True)
class EditorState:
    """What lies beside a case: its history, the reviewer's draft, the action over many cases that decided it.

    ``mine`` is the verdict that was refused because somebody else had decided the case meanwhile. ``token`` tells the
    page which command this answers.
    """

    history: Sequence[Review]
    draft: Draft | None
    bulk: tuple[int, int] | None
    token: str
    mine: Review | None = None


def editor_html(case: Case, place: Place, desk: EditorState) -> str:
    """The form, with everything the script must know about the case in its data attributes."""
    kept = desk.mine or desk.draft
    steps = len(case.prediction.steps)
    step = (kept.mistake_step if kept else None) or case.mistake_step or 0
    skill = kept.skill if kept else case.skill
    note = kept.note if kept else ""
    machine = case.diagnosis
    values = {
        "sample": case.sample.id, "round": place.round, "project": place.project, "steps": steps, "step": step,
        "base-step": case.mistake_step or 0, "base-skill": case.skill,
        "machine-step": machine.switch.mistake_step or 0 if machine else 0,
        "machine-skill": machine.skill if machine else "",
        "skill-step": machine.skill_step or 0 if machine else 0,
        "seen": max((review.id for review in desk.history), default=0),
        "mine": desk.mine.verdict if desk.mine else "", "draft": desk.draft.created if desk.draft else "",
        "open": "yes" if steps else "no", "token": desk.token, "asked": place.sample or "",
    }  # fmt: skip
    data = "".join(f' data-{name}="{esc(value)}"' for name, value in values.items())
    answer = kept.answer if kept else None
    return (
        # Without a submit button a form with two fields does not listen to Enter.
        f'<form class="editor"{data} autocomplete="off"><button type="submit" hidden>Accept</button>'
        f'{_conflict(desk)}<div class="row head-line">{_why(case)}'
        f'<span class="stands">{_stands(case)}</span></div><div class="row fields">'
        f"{_step_field(step, values['machine-step'])}{_texts(skill, note)}</div>{_machine(case, skill)}"
        f'<div class="row verdicts">{_buttons(case)}</div>{_misread(case, answer)}'
        f'<div class="row under"><div class="live grow" aria-live="polite"></div>{_draft(desk)}</div>'
        f"{_history(desk)}</form>"
    )


def _step_field(step: int, machine: object) -> str:
    return (
        '<div class="field step-field"><span>Mistake step</span><output><b class="chosen">'
        f'{step or "none"}</b><small class="was" hidden> machine: {machine or "none"}</small></output></div>'
    )


def _texts(skill: str, note: str) -> str:
    return (
        '<label class="field skill-field"><span>Missing skill</span><input name="skill" list="known-skills" '
        f'maxlength="200" dir="auto" value="{esc(skill)}" '
        'placeholder="the ability that the mistake step lacked, in a few words"></label>'
        '<label class="field note-field"><span>Reason (optional)</span><input name="note" maxlength="4000" '
        f'dir="auto" value="{esc(note)}" placeholder="why, for whoever reads the history"></label>'
    )


def _why(case: Case) -> str:
    """How sure the machine is, in words and with the margins that make it so."""
    if case.diagnosis is None:
        if case.prediction.answer is None:
            said = "Not diagnosed: no answer could be read from the output. Was it misread?"
        elif not case.prediction.steps:
            said = "Not diagnosed: the output holds no steps."
        else:
            said = "Not diagnosed yet: run Diagnose on the Data tab."
        return f'<p class="sure"><b class="badge">no diagnosis</b> {said}</p>'
    switch = case.diagnosis.switch
    badge = f'<b class="badge {switch.status}">{percent(switch.confidence, 0)} sure</b>'
    return f'<p class="sure">{badge} {confidence_reason(case)}</p>'


def _machine(case: Case, skill: str) -> str:
    """What the machine said where the field says something else, and where it named the skill for another step."""
    if not case.diagnosis:
        return ""
    named = case.diagnosis.skill_step
    if skill == case.diagnosis.skill:
        # The script shows it while another step is chosen and the machine's words stand in the field.
        said = f"The machine named this skill for step {named}: does it fit the step that is chosen?"
        return f'<p class="subdued machine named" hidden>{said}</p>' if named else ""
    return f'<p class="subdued machine" dir="auto">The machine said: {esc(case.diagnosis.skill, 200)}</p>'


def _buttons(case: Case) -> str:
    verdict = case.review.verdict if case.review else ""
    parts = [
        f'<button type="button" class="button {css}{" given" if verdict in (name, name.removesuffix("-ask")) else ""}" '
        f'data-verdict="{name}"><span class="label">{label}</span> <kbd>{key}</kbd></button>'
        for name, label, key, css in BUTTONS
    ]
    parts.append('<span class="grow"></span>')
    parts += [
        f'<button type="button" class="button" data-verdict="{name}" aria-label="{name.capitalize()}" title="{title}">'
        f"{sign} <kbd>{key}</kbd></button>"
        for name, sign, key, title in (
            ("undo", "↶", "U", "Undo the newest verdict"), ("redo", "↷", "Y", "Give the undone verdict again"),
        )
    ]  # fmt: skip
    return "".join(parts)


def _stands(case: Case) -> str:
    sign, name = VERDICT_LABELS[case.review.verdict if case.review else "unreviewed"]
    return f"{sign} {name}"


def _misread(case: Case, answer: str | None) -> str:
    if case.sample.options:
        options = "".join(
            f'<option value="{esc(text)}"{" selected" if text == answer else ""}>{short(text, 80)}</option>'
            for text in case.sample.options
        )
        field = f'<select name="answer">{options}</select>'
    else:
        value = esc(case.prediction.answer or "" if answer is None else answer)
        field = f'<input name="answer" maxlength="2000" dir="auto" value="{value}">'
    return (
        f'<div class="misread row"{"" if answer is not None else " hidden"}><label class="field grow">'
        f"<span>The student really answered</span>{field}</label>"
        '<button type="button" class="button primary" data-verdict="misread">Save and score again</button></div>'
    )


def _draft(desk: EditorState) -> str:
    said = f"Draft of {clock(desk.draft.created)}" if desk.draft and not desk.mine else ""
    return (
        f'<span class="draft-state subdued" role="status">{said}</span>'
        f'<button type="button" class="quiet" data-verdict="discard"{"" if said else " hidden"}>Discard draft</button>'
    )


def _conflict(desk: EditorState) -> str:
    """Both versions of a case that two people decided, and the one key for each."""
    if desk.mine is None or not desk.history:
        return ""
    theirs = desk.history[-1]
    return (
        '<div class="conflict" role="alert"><p><b>Decided meanwhile</b> · <time>'
        f"{clock(theirs.created)}</time> {short(theirs.reviewer, 60)}: {_what(theirs)}</p>"
        f"<p><b>Yours</b> · not saved: {_what(desk.mine)}</p>"
        '<div class="row"><button type="button" class="button" data-verdict="theirs">Keep theirs <kbd>T</kbd></button>'
        '<button type="button" class="button" data-verdict="over">Save mine instead <kbd>O</kbd></button></div></div>'
    )


def _history(desk: EditorState) -> str:
    if not desk.history:
        return ""
    many = ""
    if desk.bulk is not None:
        number, size = desk.bulk
        button = command("bulk-undo", f"Undo all {size:,}", "quiet", bulk=number)
        many = f'<li class="together">Decided together with {size - 1:,} other cases. {button}</li>'
    rows = "".join(f"<li>{_said(review)}</li>" for review in reversed(desk.history[-SHOWN_HISTORY:]))
    return f'<ol class="history" aria-label="History">{many}{rows}</ol>'


def _said(review: Review) -> str:
    return f"<time>{clock(review.created)}</time> {short(review.reviewer, 40)} {_what(review)}"


def _what(review: Review) -> str:
    sign, name = VERDICT_LABELS.get(review.verdict, ("↶", "verdict taken back"))
    what = f"{sign} <b>{name}</b>"
    if review.verdict in ("accepted", "edited"):
        what += f" · step {review.mistake_step} · {esc(review.skill, 200)}"
    if review.answer is not None:
        what += f" · answer {short(review.answer, 80)}"
    if review.note:
        what += f" · “{short(review.note, 200)}”"
    return f'<span dir="auto">{what}</span>'


def suggestions_html(skills: Sequence[str]) -> str:
    """The skills that the editor completes from."""
    distinct = list(dict.fromkeys(skills))[:MOST_SUGGESTED]
    options = "".join(f'<option value="{esc(skill, 200)}"></option>' for skill in distinct)
    return f'<datalist id="known-skills">{options}</datalist>'
