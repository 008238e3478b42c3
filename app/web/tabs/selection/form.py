"""The form of the Selection tab: budget, support set, seed and arm, and making a selection from them.

Budget and support set stand in the URL, because the hits below are shown for them. Checks what any browser may send.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.rendering.formatting import count
from app.rendering.html import nav, short
from app.rendering.templates import macro
from app.selections.draw import make_selection
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, notice
from app.web.page.place import Place
from core.errors import UserError
from core.types import SkillDemand
from storage import store

LARGEST = 100_000
USUAL = 2000
ARMS = [("For the accepted skills", "targeted"), ("Random, to compare with", "random")]
# What the hits are shown for goes into the URL before the server is asked.
SUPPORT_CHOSEN = "name => { wb.url({ support: name, rank: null }); return [name]; }"


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form's components that answers may change."""

    budget: Any
    support: Any


def build_form(page: Page) -> Form:
    """The form, inside the tab that is being built."""
    # Gradio knows what it showed a browser only until the app ends. A page that was open before is held against what is
    # built here, so all that there is may be chosen.
    with page.db.read() as connection:
        names, limit = [each.name for each in store.support_sets(connection)], max(10_000, _limit(connection))
    with gr.Column(elem_id="select-form"):
        with gr.Row():
            slider = gr.Slider(
                10, limit, value=USUAL, step=10, label="Budget: samples to choose", elem_id="budget", scale=4
            )
            budget = page.output(slider)
            support = page.output(
                gr.Dropdown(names, value=None, label="Draw from", elem_id="support", scale=2, min_width=170)
            )
            seed = gr.Number(0, precision=0, label="Seed", elem_id="select-seed", scale=1, min_width=100)
        with gr.Row():
            arm = gr.Radio(ARMS, value="targeted", label="Choose", elem_id="arm", scale=4, min_width=380)
            fewer = gr.Checkbox(label="Fewer, if fewer match", value=False, elem_id="fewer", scale=2, min_width=220)
            button = gr.Button("Make selection", variant="primary", elem_id="select-button", scale=1, min_width=150)

    def select(place: Place, *form: Any) -> Parts:
        return _select(page, place, *form)

    page.listen(button.click, select, [budget, seed, arm, fewer, support], queue=True, concurrency_id="select")
    return Form(budget=budget, support=support)


def form_values(connection: Connection, place: Place, form: Form, own: str) -> Parts:
    """The form as the URL says it: its support set (else the project's ``own``), and a budget that this set allows."""
    name, names = support_at(connection, place, own), [each.name for each in store.support_sets(connection)]
    limit = _limit(connection)
    return {
        form.support: gr.Dropdown(names, value=name or None),
        form.budget: gr.Slider(maximum=limit, value=budget_at(connection, place)),
    }


def support_at(connection: Connection, place: Place, own: str) -> str:
    """The support set that hits are shown from: the URL's, else the project's own, else the first; "" without any."""
    names = [each.name for each in store.support_sets(connection)]
    return next((name for name in (place.choice("support"), own, *names) if name in names), "")


def budget_at(connection: Connection, place: Place) -> int:
    """The budget of the URL, else the usual one, within what may be chosen."""
    return max(10, min(place.number("budget") or USUAL, _limit(connection)))


def ready_html(place: Place, demands: list[SkillDemand]) -> str:
    """What a selection made now would be for."""
    if not demands:
        go = nav(place.link(tab="review", sample=None), "Review cases", "button")
        return (
            '<div class="row"><p>No skill is accepted in this round yet: a targeted selection needs at '
            f"least one.</p>{go}</div>"
        )
    errors = sum(demand.errors for demand in demands)
    named = ", ".join(f"<b>{short(demand.skill, 40)}</b> ×{demand.errors}" for demand in demands[:3])
    more = f" and {len(demands) - 3:,} more" if len(demands) > 3 else ""
    return f"<p>{count(len(demands), 'accepted skill')} from {count(errors, 'case')}: {named}{more}.</p>"


def views_html(place: Place, view: str, made: int) -> str:
    """The way between the hits of skills and the selections made of them."""
    views = (("hits", "Hits by skill"), ("made", f"Selections ({made:,})"))
    links = "".join(_view(place, name, label, here=name == view) for name, label in views)
    return f'<nav class="views" aria-label="What is shown below">{links}</nav>'


def _view(place: Place, name: str, label: str, *, here: bool) -> str:
    mark = ' aria-current="page"' if here else ""
    return nav(place.link(view=name, hits=None), label, "view").replace("<a ", f"<a{mark} ", 1)


def _limit(connection: Connection) -> int:
    return min(LARGEST, max([100, *(each.samples for each in store.support_sets(connection))]))


def _select(page: Page, place: Place, *form: Any) -> Parts:
    size, seed, arm, fewer, name = form
    if not isinstance(size, int | float) or not 1 <= size <= LARGEST:
        raise UserError(f"The budget must be a whole number from 1 to {LARGEST:,}.")
    if not isinstance(seed, int | float) or not 0 <= seed < 2**31:
        raise UserError(f"The seed must be a whole number from 0 to {2**31 - 1:,}.")
    if arm not in ("targeted", "random"):
        raise UserError("Choose whether the selection is for the accepted skills or random.")
    new = make_selection(
        page.db,
        place.project,
        budget=int(size),
        round_number=place.round,
        seed=int(seed),
        arm=arm,
        support=str(name or ""),
        allow_fewer=bool(fewer),
    )
    said = f"Selection {new.id} holds {count(len(new.hits), 'sample')}. Tune on it next."
    newest = place.link(view="made", selection=None, hits=None)
    look = macro("nav", newest, "Look at it", "button small")
    return {**page.refresh(without_selection(place)), page.notice: notice(said, action=look)}


def without_selection(place: Place) -> Place:
    """The place with the newest selection shown from its first page."""
    kept = {name: value for name, value in place.choices.items() if name not in ("selection", "hits")}
    return Place(
        project=place.project, round=place.round, tab=place.tab, sample=place.sample, choices=kept,
        reviewer=place.reviewer,
    )  # fmt: skip
