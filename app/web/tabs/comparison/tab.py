"""The Comparison tab: two rounds on the same samples, the gate before a round is adopted, the samples behind each
number, and their lineage.

Rounds, set, opened numbers and page are in the URL. Says with every figure which set it was measured on.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from app.comparisons import adoption
from app.comparisons.adoption import MAX_REASON_LENGTH
from app.comparisons.paired import compare_pair
from app.projects.lookup import find_project
from app.rendering.templates import macro, render
from app.web.page.handlers import Page, Parts, TabView, notice, number_in, text_in
from app.web.page.place import Place
from app.web.tabs.comparison.cases import cases_html
from app.web.tabs.comparison.figures import figures_html, groups_html, tiles_html
from app.web.tabs.comparison.gate import gate_html
from app.web.tabs.comparison.lineage import lineage_html
from core.literals import member_of
from core.types import Role
from storage import store
from storage.store import Round, RoundCounts

ROLES: tuple[Role, ...] = ("test", "validation")


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    traced, measured, gate, view = (page.part(name) for name in ("lineage", "compared", "adopting", "comparison"))

    def show(place: Place) -> Parts:
        blank = dict.fromkeys((traced, measured, gate, view), "")
        if not place.project:
            return blank | {measured: macro("empty", "No project", "Make a project first: the button is above.")}
        with page.db.read() as connection:
            project = find_project(connection, place.project)
            rounds = store.rounds_of(connection, project.id)
            blank[traced] = lineage_html(connection, place, project)
            if len(rounds) < 2:
                return blank | {measured: _one_round(place)}
            counts = {each.number: each for each in store.round_counts(connection, project.id)}
            adopted = store.adopted_round_id(connection, project.id)
            first, second = chosen_rounds(place, rounds, adopted)
            role = _role(place, counts[first.number], counts[second.number])
            pickers = _pickers(rounds, (first, second), role, adopted)
            compared = compare_pair(connection, project, first, second, role)
            shown = blank | {gate: gate_html(connection, project, second)}
            if compared is None:
                return shown | {measured: pickers + _not_measured(place, counts, (first, second), role)}
            return shown | {
                measured: pickers + figures_html(compared),
                view: tiles_html(place, compared)
                + groups_html(place, compared)
                + cases_html(connection, place, compared),
            }

    def adopt(place: Place, sent: Mapping[str, Any]) -> Parts:
        number, reason = number_in(sent, "round"), text_in({"reason": "", **sent}, "reason", 4 * MAX_REASON_LENGTH)
        adoption.adopt(page.db, place.project, number, reviewer=place.reviewer, reason=reason)
        message = notice(f"Round {number} is adopted: the next diagnosis and selection build on it.")
        return {**page.refresh(replace(place, round=number)), page.notice: message}

    page.commands["adopt"] = adopt
    return TabView(show=show, follow=show)


def _one_round(place: Place) -> Markup:
    go = macro("nav", place.link(tab="tuning", sample=None), "Go to Tuning", "button primary")
    sentence = "A comparison needs a second round: tune the student, then predict again."
    return macro("empty", "One round so far", sentence, go)


def _not_measured(place: Place, counts: Mapping[int, RoundCounts], pair: tuple[Round, Round], role: Role) -> Markup:
    answered = {each.number: _answered(counts[each.number], role) for each in reversed(pair)}
    missing = next((number for number, done in answered.items() if not done), pair[1].number)
    href = place.link(tab="data", round=missing, sample=None)
    go = macro("nav", href, f"Predict round {missing}", "button primary")
    title = f"Round {missing} has not answered the {role} set"
    return macro("empty", title, "Predict it on the Data tab, then compare.", go)


def _answered(counted: RoundCounts, role: Role) -> int:
    return counted.test_predictions if role == "test" else counted.predictions


def _pickers(rounds: list[Round], pair: tuple[Round, Round], role: Role, adopted: int | None) -> Markup:
    names = [(str(each.number), " · ".join([f"round {each.number}", *_notes(each, adopted)])) for each in rounds]
    sets = [(each, f"{each} set") for each in ROLES]
    return render("comparison/pickers.html", rounds=names, first=pair[0], second=pair[1], sets=sets, role=role)


def _notes(round_: Round, adopted: int | None) -> list[str]:
    return ["untuned"] * (round_.run is None) + ["adopted"] * (round_.id == adopted)


def chosen_rounds(place: Place, rounds: list[Round], adopted: int | None) -> tuple[Round, Round]:
    """The rounds of the URL; without them the newest one against the adopted one, else against the one before it."""
    known = {each.number: each for each in rounds}
    before, after = place.number("before"), place.number("after")
    second = known.get(-1 if after is None else after, rounds[-1])
    others = [each for each in rounds if each.id == adopted != second.id]
    others = others or [each for each in rounds if each.number < second.number] or rounds
    return known.get(-1 if before is None else before, others[-1]), second


def _role(place: Place, before: RoundCounts, after: RoundCounts) -> Role:
    newest: Role = "test" if before.test_predictions and after.test_predictions else "validation"
    return member_of(ROLES, place.choice("set")) or newest
