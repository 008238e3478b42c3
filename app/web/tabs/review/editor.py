"""The form that a verdict is sent from: why the machine is (un)sure, step, skill and reason, conflict and history.

Renders what it is given and reads no rows. A draft fills the form; the verdict that holds stays readable beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.rendering.templates import render
from app.reviews.wording import confidence_reason, verdict_label
from app.web.page.place import Place
from core.types import Draft, Review
from storage.store import Case

MAX_SUGGESTIONS = 300
MAX_HISTORY = 12
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
    """What the form shows beside the case: its history, the reviewer's draft, and the bulk action that decided it.

    ``bulk`` is that action's number and how many cases it decided. ``mine`` is the verdict that was refused because
    somebody else had decided the case meanwhile. ``token`` tells the page which command this answers.
    """

    history: Sequence[Review]
    draft: Draft | None
    bulk: tuple[int, int] | None
    token: str
    mine: Review | None = None


def editor_html(case: Case, place: Place, state: EditorState) -> Markup:
    """The form of a case."""
    kept = state.mine or state.draft
    skill = kept.skill if kept else case.skill
    return render(
        "review/editor.html",
        case=case,
        state=state,
        data=_data(case, place, state),
        machine=case.diagnosis,
        kept=kept,
        skill=skill,
        why=_why(case),
        buttons=BUTTONS,
        verdict_label=verdict_label,
        max_history=MAX_HISTORY,
    )


def _data(case: Case, place: Place, state: EditorState) -> dict[str, object]:
    """The form's data attributes, without the prefix "data-"."""
    machine, kept, steps = case.diagnosis, state.mine or state.draft, len(case.prediction.steps)
    return {
        "sample": case.sample.id,
        "round": place.round,
        "project": place.project,
        "steps": steps,
        "step": (kept.mistake_step if kept else None) or case.mistake_step or 0,
        "base-step": case.mistake_step or 0,
        "base-skill": case.skill,
        "machine-step": machine.switch.mistake_step or 0 if machine else 0,
        "machine-skill": machine.skill if machine else "",
        "skill-step": machine.skill_step or 0 if machine else 0,
        "seen": max((review.id for review in state.history), default=0),
        "mine": state.mine.verdict if state.mine else "",
        "draft": state.draft.created if state.draft else "",
        "open": "yes" if steps else "no",
        "token": state.token,
        "asked": place.sample or "",
    }


def _why(case: Case) -> str:
    """Why the machine is sure or not, or why it says nothing."""
    if case.diagnosis is not None:
        return confidence_reason(case)
    if case.prediction.answer is None:
        return "Not diagnosed: no answer could be read from the output. Was it misread?"
    if not case.prediction.steps:
        return "Not diagnosed: the output holds no steps."
    return "Not diagnosed yet: run Diagnose on the Data tab."


def suggestions_html(skills: Sequence[str]) -> Markup:
    """The skills that the skill field completes from."""
    return render("review/suggestions.html", skills=list(dict.fromkeys(skills))[:MAX_SUGGESTIONS])
