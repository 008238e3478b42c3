"""The Selection tab: the hits of each accepted skill with a person's rulings, a budget, and the selections made so far.

The URL says which of the two is shown, for which skill, budget and support set.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from app.rendering.templates import macro
from app.selections.rulings import add_ruling, undo_ruling
from app.selections.support_index import indexed_support
from app.web.page.handlers import Page, Parts, TabView, notice, number_in, text_in
from app.web.page.place import Place
from app.web.tabs.selection.form import (
    SUPPORT_CHOSEN,
    budget_at,
    build_form,
    form_values,
    ready_html,
    support_at,
    views_html,
)
from app.web.tabs.selection.hits import HitSource, hits_html
from app.web.tabs.selection.result import selection_html
from core.types import Ruling, SkillDemand
from storage import store
from storage.store import Project

MAX_SKILL_LENGTH = 400
EFFECTS = {"pin": "comes first for", "remove": "is not drawn for", "clear": "is ranked as before for"}


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    ready = page.part("ready")
    form = build_form(page)
    views = page.part("views")
    choosing = page.part("choosing")
    made = page.part("selection")

    def parts(place: Place) -> Parts:
        """All parts but the form."""
        if not place.project:
            return {
                ready: "",
                views: "",
                choosing: "",
                made: macro("no_project"),
            }
        with page.db.read() as connection:
            project = find_project(connection, place.project)
            round_ = find_round(connection, project, place.round)
            known = store.selections_of(connection, project.id)
            view = place.choice("view") or ("made" if known else "hits")
            demands = store.accepted_skills(connection, round_.id)
            return {
                ready: ready_html(place, demands),
                views: views_html(place, view, len(known)),
                choosing: _hits(connection, page, place, project, demands) if view == "hits" else "",
                made: selection_html(connection, place, known) if view != "hits" else "",
            }

    def show(place: Place) -> Parts:
        shown = parts(place)
        if place.project:
            with page.db.read() as connection:
                own = find_project(connection, place.project).settings.support
                shown |= form_values(connection, place, form, own)
        return shown

    def ruled(place: Place, ruling: Ruling) -> Parts:
        undo = macro("command", "unrule", "Undo", "button small", over="desk", ruling=ruling.id)
        return {**parts(place), page.notice: notice(_sentence(ruling), action=undo)}

    page.listen(form.support.input, lambda place, _: parts(place), [form.support], js=SUPPORT_CHOSEN)
    page.actions["budget"] = lambda place, _: parts(place)
    page.actions["rule"] = lambda place, sent: ruled(place, _rule(page, place, sent))
    page.actions["unrule"] = lambda place, sent: ruled(place, _unrule(page, place, sent))
    return TabView(show=show, follow=parts)


def _hits(connection: Connection, page: Page, place: Place, project: Project, demands: Sequence[SkillDemand]) -> Markup:
    if not demands:
        return macro(
            "empty", "No hits yet", "Accept diagnoses on the Review tab: each accepted skill shows its hits here."
        )
    found = indexed_support(connection, page.db, support_at(connection, place, project.settings.support))
    if found is None:
        return macro(
            "empty",
            "No skill labels",
            "Import a support set with skill labels, or have the teacher name them, on Data.",
        )
    source = HitSource(
        demands=demands,
        rulings=store.rulings_of(connection, project.id, {demand.skill for demand in demands}),
        support=found,
        budget=budget_at(connection, place),
        seed=project.settings.seed,
    )
    return hits_html(connection, place, source)


def _rule(page: Page, place: Place, sent: Mapping[str, Any]) -> Ruling:
    skill, act = text_in(sent, "skill", MAX_SKILL_LENGTH), text_in(sent, "ruling", 10)
    task = text_in(sent, "task", 20_000) if "task" in sent else None
    sample = None if task is not None else number_in(sent, "sample")
    with page.db.read() as connection:
        support = support_at(connection, place, find_project(connection, place.project).settings.support)
    return add_ruling(
        page.db, place.project, skill, act, sample=sample, task=task, reviewer=place.reviewer, support=support
    )


def _unrule(page: Page, place: Place, sent: Mapping[str, Any]) -> Ruling:
    return undo_ruling(page.db, place.project, number_in(sent, "ruling"), reviewer=place.reviewer)


def _sentence(ruling: Ruling) -> str:
    what = f"Sample {ruling.sample}" if ruling.task is None else f"All of “{ruling.task[:80]}”"
    whose = "any skill" if ruling.act == "remove" and ruling.task is None else f"“{ruling.skill[:120]}”"
    return f"{what} {EFFECTS[ruling.act]} {whose}."
