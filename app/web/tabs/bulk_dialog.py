"""Verdicts on many cases at once: the dialog that shows what would change, and its commands.

Used on the Review tab (all cases that match the filters) and the Skills tab (all cases of one skill).
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from app.rendering.formatting import count
from app.rendering.templates import macro, render
from app.reviews.bulk_verdicts import BulkPlan, do_bulk, plan_bulk, undo_bulk
from app.reviews.wording import VERDICT_LABELS
from app.web.page.case_filters import read_filters
from app.web.page.handlers import Page, Parts, notice, text_in
from app.web.page.place import Place
from core.errors import UserError
from storage.store import CaseFilters

ACTS = (
    ("accepted", "Accept", "A"),
    ("rejected", "Reject", "R"),
    ("skipped", "Skip", "S"),
    ("label_wrong", "Label wrong", "L"),
    ("renamed", "Reword the skill", "E"),
)
# A teacher's wording of a skill may be long.
MAX_LENGTH = 20_000
DONE = {
    "accepted": "Accepted",
    "rejected": "Rejected",
    "skipped": "Skipped",
    "label_wrong": "Set aside as wrongly labelled",
    "renamed": "Reworded",
}


def add(page: Page) -> None:
    """Add the dialog and its commands to the page."""
    part = page.part("bulk")

    def plan(place: Place, sent: Mapping[str, Any]) -> Parts:
        act, skill, of = (_text(sent, name) for name in ("act", "skill", "of"))
        filters, act, found = _filters(place, of), act or "accepted", None
        if act != "renamed" or skill.strip():
            with page.db.read() as connection:
                found = plan_bulk(
                    connection, place.project, place.round, filters, act, skill=skill, reviewer=place.reviewer
                )
        return {part: dialog_html(found, act=act, skill=skill, of=of, filtered=filters != CaseFilters())}

    def do(place: Place, sent: Mapping[str, Any]) -> Parts:
        act, skill, of = (_text(sent, name) for name in ("act", "skill", "of"))
        bulk, cases = do_bulk(
            page.db, place.project, place.round, _filters(place, of), act,
            skill=skill, reviewer=place.reviewer, seal=_text(sent, "seal"),
        )  # fmt: skip
        sentence = f"{DONE[act]}: {count(cases, 'case')}{f' as “{skill}”' if act == 'renamed' else ''}."
        button = macro("command", "bulk-undo", f"Undo all {cases:,}", "button small", bulk=bulk)
        return {**page.refresh(place), part: "", page.notice: notice(sentence, action=button)}

    def undo(place: Place, sent: Mapping[str, Any]) -> Parts:
        number = _text(sent, "bulk")
        if not (number.isascii() and number.isdigit() and len(number) < 15):
            raise UserError("There is no such action in this project.")
        again, cases = undo_bulk(page.db, place.project, int(number), reviewer=place.reviewer)
        button = macro("command", "bulk-undo", "Do it again", "button small", bulk=again)
        sentence = f"Undone: {count(cases, 'case')} have what stood before." if cases > 1 else "Undone: 1 case."
        return {**page.refresh(place), part: "", page.notice: notice(sentence, action=button)}

    page.commands |= {"bulk-plan": plan, "bulk-do": do, "bulk-undo": undo}


def dialog_html(plan: BulkPlan | None, *, act: str, skill: str, of: str, filtered: bool) -> Markup:
    """The dialog for one verdict: the choices, what it would change (None: not known yet), and its button.

    ``of`` is the skill whose cases are meant, "" for all cases that the filters show.
    """
    button = next(label for name, label, _ in ACTS if name == act)
    before, unchanged = [], []
    if plan is not None:
        button += f": {count(len(plan.changes), 'case')}"
        most_first = sorted(plan.before.items(), key=lambda pair: -pair[1])
        before = [f"{cases:,} now {VERDICT_LABELS[state][1]}" for state, cases in most_first]
        unchanged = [f"{cases:,} {reason}" for reason, cases in plan.left.items()]
    return render(
        "bulk_dialog/dialog.html",
        plan=plan,
        act=act,
        acts=ACTS[-1:] if of else ACTS,
        skill=skill,
        of=of,
        filtered=filtered,
        before=before,
        unchanged=unchanged,
        button=button,
    )


def _filters(place: Place, of: str) -> CaseFilters:
    return CaseFilters(skill=of) if of else read_filters(place)


def _text(sent: Mapping[str, Any], name: str) -> str:
    return text_in({name: "", **sent}, name, MAX_LENGTH)
