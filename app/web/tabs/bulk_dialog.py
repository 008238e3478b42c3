"""One decision over all cases of a filter: the dialog that shows what would change, and its commands.

Used on Review (the filters of the URL) and on Skills (all cases of one skill). Renders plans;
``app.reviews.bulk_verdicts`` makes them.
"""

from collections.abc import Mapping
from typing import Any

from app.rendering.formatting import count
from app.rendering.html import esc
from app.rendering.templates import macro
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
        said = f"{DONE[act]}: {count(cases, 'case')}{f' as “{skill}”' if act == 'renamed' else ''}."
        button = macro("command", "bulk-undo", f"Undo all {cases:,}", "button small", bulk=bulk)
        return {**page.refresh(place), part: "", page.notice: notice(said, action=button)}

    def undo(place: Place, sent: Mapping[str, Any]) -> Parts:
        number = _text(sent, "bulk")
        if not (number.isascii() and number.isdigit() and len(number) < 15):
            raise UserError("There is no such action in this project.")
        again, cases = undo_bulk(page.db, place.project, int(number), reviewer=place.reviewer)
        button = macro("command", "bulk-undo", "Do it again", "button small", bulk=again)
        said = f"Undone: {count(cases, 'case')} have what stood before." if cases > 1 else "Undone: 1 case."
        return {**page.refresh(place), part: "", page.notice: notice(said, action=button)}

    page.commands |= {"bulk-plan": plan, "bulk-do": do, "bulk-undo": undo}


def dialog_html(plan: BulkPlan | None, *, act: str, skill: str, of: str, filtered: bool) -> str:
    """The dialog for one act: the choices, what the act would change, and the button that does it."""
    if of:
        title = f'Every case whose missing skill is “<span dir="auto">{esc(of, 200)}</span>”'
    else:
        title = "Every case that these filters show" if filtered else "Every case of this round"
    shown = ACTS[-1:] if of else ACTS
    choices = "".join(
        f'<button type="button" class="button{" given" if name == act else ""}" data-bulk-act="{name}" '
        f'aria-pressed="{"true" if name == act else "false"}">{label} <kbd>{key}</kbd></button>'
        for name, label, key in shown
    )
    field = ""
    if act == "renamed":
        field = (
            '<label class="field"><span>New wording; a skill that is there already merges both</span>'
            f'<input name="skill" list="known-skills" maxlength="200" dir="auto" value="{esc(skill or of)}" '
            "data-bulk-skill></label>"
        )
    ready = plan is not None and bool(plan.changes)
    return (
        f'<dialog id="bulk-dialog" aria-labelledby="bulk-title" data-act="{esc(act)}" data-of="{esc(of)}" '
        f'data-seal="{esc(plan.seal if plan else "")}"><h2 id="bulk-title">{title}</h2>'
        f'<div class="row">{choices}</div>{field}{_preview(plan)}<div class="row end">'
        '<button type="button" class="button" data-close-dialog>Cancel</button>'
        f'<button type="button" class="button primary" data-bulk-do{"" if ready else " disabled"}>'
        f"{_label(act, plan)}</button></div></dialog>"
    )


def _label(act: str, plan: BulkPlan | None) -> str:
    name = next(label for key, label, _ in ACTS if key == act)
    return f"{name}: {count(len(plan.changes), 'case')}" if plan else name


def _preview(plan: BulkPlan | None) -> str:
    if plan is None:
        return '<p class="subdued" role="status">Type the new wording to see how many cases it changes.</p>'
    lines = [f"{n:,} now {VERDICT_LABELS[key][1]}" for key, n in sorted(plan.before.items(), key=lambda pair: -pair[1])]
    change = f"<b>{count(len(plan.changes), 'case')}</b> would change" + (f": {', '.join(lines)}." if lines else ".")
    if plan.act == "renamed" and plan.before.get("unreviewed"):
        change += " Those without a verdict are accepted with the new wording."
    stay = "; ".join(f"{n:,} {reason}" for reason, n in plan.left.items())
    left = f'<p class="subdued">{count(sum(plan.left.values()), "case")} stay as they are: {stay}.</p>' if stay else ""
    return f'<div role="status"><p>{change} One undo takes all of it back.</p>{left}</div>'


def _filters(place: Place, of: str) -> CaseFilters:
    return CaseFilters(skill=of) if of else read_filters(place)


def _text(sent: Mapping[str, Any], name: str) -> str:
    return text_in({name: "", **sent}, name, 20_000)  # a teacher may word a skill at length
