"""The form of the Selection tab: budget, support set, seed and arm, and making a selection from them.

Budget and support set are in the URL, because the hits below depend on them. All input is checked, since any browser
may send it.
"""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.formatting import count
from app.rendering.templates import macro, render
from app.selections.draw import make_selection
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, notice
from app.web.page.place import Place
from core.errors import UserError
from core.types import SkillDemand
from storage import store

MAX_BUDGET = 100_000
DEFAULT_BUDGET = 2000
ARMS = [("For the accepted skills", "targeted"), ("Random, to compare with", "random")]
# The hits depend on it, so it goes into the URL before the server is asked.
SUPPORT_CHOSEN = "name => { wb.url({ support: name, rank: null }); return [name]; }"


@dataclass(frozen=True, kw_only=True)
class Form:
    """The components of the form that handlers change."""

    budget: Any
    support: Any


def build_form(page: Page) -> Form:
    """The form, inside the tab that is being built."""
    # Gradio checks what a browser sends against the choices and limits it sent to it, and after a restart against those
    # given here. So these allow all that a page opened before a restart may send.
    with page.db.read() as connection:
        names, limit = [each.name for each in store.support_sets(connection)], max(10_000, _limit(connection))
    with gr.Column(elem_id="select-form"):
        with gr.Row():
            slider = gr.Slider(
                10, limit, value=DEFAULT_BUDGET, step=10, label="Budget: samples to choose", elem_id="budget", scale=4
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
    """The form's values from the URL: the support set (by default the project's ``own``) and the budget."""
    name, names = support_at(connection, place, own), [each.name for each in store.support_sets(connection)]
    limit = _limit(connection)
    return {
        form.support: gr.Dropdown(names, value=name or None),
        form.budget: gr.Slider(maximum=limit, value=budget_at(connection, place)),
    }


def support_at(connection: Connection, place: Place, own: str) -> str:
    """The support set in the URL, else the project's ``own``, else the first one; "" if there is none."""
    names = [each.name for each in store.support_sets(connection)]
    return next((name for name in (place.choice("support"), own, *names) if name in names), "")


def budget_at(connection: Connection, place: Place) -> int:
    """The budget in the URL, else the default one, within the limits of the form."""
    return max(10, min(place.number("budget") or DEFAULT_BUDGET, _limit(connection)))


def ready_html(place: Place, demands: list[SkillDemand]) -> Markup:
    """What a selection made now would be for."""
    return render("selection/ready.html", place=place, demands=demands)


def views_html(place: Place, view: str, made: int) -> Markup:
    """The switch between the hits of skills and the selections (``made`` of them)."""
    return render("selection/views.html", place=place, view=view, made=made)


def _limit(connection: Connection) -> int:
    return min(MAX_BUDGET, max([100, *(each.samples for each in store.support_sets(connection))]))


def _select(page: Page, place: Place, *form: Any) -> Parts:
    size, seed, arm, fewer, name = form
    if not isinstance(size, int | float) or not 1 <= size <= MAX_BUDGET:
        raise UserError(f"The budget must be a whole number from 1 to {MAX_BUDGET:,}.")
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
    sentence = f"Selection {new.id} holds {count(len(new.hits), 'sample')}. Tune on it next."
    look = macro("nav", place.link(view="made", selection=None, hits=None), "Look at it", "button small")
    return {**page.refresh(place.without("selection", "hits")), page.notice: notice(sentence, action=look)}
