"""The Comparison tab: two rounds on the same samples, what was fixed and broken, and the samples behind each number.

Rounds, set and the opened group are in the URL. Says with every figure which set it was measured on.
"""

from typing import get_args

from sqlalchemy import Connection

from app import actions
from app.links import Place
from app.markup import choices, count, empty, esc, nav, percent, short, table
from app.page import Page, Parts, TabView
from app.projects import find_project, find_round
from core.errors import UserError
from core.types import Comparison, GroupChange, Interval, Prediction, Role
from storage import store
from storage.database import Database
from storage.store import Round

GROUPS = {"fixed": "Fixed", "broken": "Broken", "still_wrong": "Still wrong", "still_right": "Still right"}
PAGE = 10
ROLES: tuple[Role, ...] = ("test", "validation")


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    view = page.part("comparison")

    def show(place: Place) -> Parts:
        if not place.project:
            return {view: empty("No project", "Make a project first: the button is above.")}
        return {view: comparison_html(page.db, place)}

    return TabView(show=show, follow=show)


def comparison_html(db: Database, place: Place) -> str:
    """The pickers and the comparison, or what is still to be done for one."""
    with db.read() as c:
        project = find_project(c, place.project)
        rounds = store.rounds_of(c, project.id)
        counts = {each.number: (each.test_predictions, each.predictions) for each in store.counts(c, project.id)}
    if len(rounds) < 2:
        go = nav(place.link(tab="tuning", sample=None), "Go to Tuning", "button primary")
        return empty("One round so far", "A comparison needs a second round: tune the student, then predict again.", go)
    before, after = _rounds(place, rounds)
    role = _role(place, counts[before], counts[after])
    names = [(str(each.number), f"round {each.number}{'' if each.run else ' · untuned'}") for each in rounds]
    pickers = (
        choices("before", "Before", names, str(before))
        + choices("after", "After", names, str(after))
        + choices("set", "Measured on", [(each, f"{each} set") for each in ROLES], role)
    )
    head = f'<div class="row">{pickers}</div>'
    try:
        found = actions.compare_rounds(db, place.project, before, after, role=role)
    except UserError:
        missing = next((number for number in (after, before) if not counts[number][0 if role == "test" else 1]), after)
        go = nav(place.link(tab="data", round=missing, sample=None), f"Predict round {missing}", "button primary")
        return head + empty(
            f"Round {missing} has not answered the {role} set", "Predict it on the Data tab, then compare.", go
        )
    with db.read() as c:
        return head + _figures(found, before, after) + _groups(c, place, found, before, after) + _breakdowns(found)


def _rounds(place: Place, rounds: list[Round]) -> tuple[int, int]:
    numbers = [each.number for each in rounds]
    before, after = place.number("before"), place.number("after")
    first = before if before is not None and before in numbers else numbers[0]
    return first, after if after is not None and after in numbers else numbers[-1]


def _role(place: Place, before: tuple[int, int], after: tuple[int, int]) -> Role:
    asked = place.choice("set")
    if asked in get_args(Role) and asked != "support":
        return asked  # type: ignore[return-value]
    return "test" if before[0] and after[0] else "validation"


def _figures(found: Comparison, before: int, after: int) -> str:
    samples = sum(len(getattr(found, name)) for name in GROUPS)
    gain = found.difference.value
    sure = "clear" if found.difference.low > 0 or found.difference.high < 0 else "may be chance"
    rows = [_scale_row(f"Round {before}", found.before, "old"), _scale_row(f"Round {after}", found.after, "new")]
    said = f"{gain * 100:+.1f} points [{found.difference.low * 100:+.1f}, {found.difference.high * 100:+.1f}]"
    return (
        f'<div class="two"><div><p class="big">{said}</p><p class="subdued">accuracy of round {after} minus '
        f"round {before} on the "
        f"{found.role} set, {count(samples, 'sample')}, 95 % bootstrap interval: {sure}. Exact McNemar p "
        f"{_p(found.p_value)}.</p></div>"
        f'<div class="scales">{"".join(rows)}</div></div>'
    )


def _scale_row(name: str, interval: Interval, css: str) -> str:
    low, value, high = (f"{share * 100:.1f}%" for share in (interval.low, interval.value, interval.high))
    told = f"{percent(interval.value)} ({percent(interval.low)} to {percent(interval.high)})"
    return (
        f'<div class="scale {css}" style="--low:{low};--value:{value};--high:{high}"><span>{name}</span>'
        f'<span class="track" role="img" aria-label="{told}"><i></i><b></b></span><span class="num">'
        f"{percent(interval.value)}"
        f" <small class=subdued>{percent(interval.low)} – {percent(interval.high)}</small></span></div>"
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _groups(c: Connection, place: Place, found: Comparison, before: int, after: int) -> str:
    chosen = place.choice("show")
    chosen = chosen if chosen in GROUPS else "broken" if found.broken else "fixed"
    tabs = "".join(
        f'<a class="tile {name}{" on" if name == chosen else ""}" href="{esc(place.link(show=name, at=None))}" data-nav'
        f"{' aria-current=true' if name == chosen else ''}><b>{len(getattr(found, name)):,}</b><span>{title}</span></a>"
        for name, title in GROUPS.items()
    )
    return f'<div class="tiles">{tabs}</div>{_samples(c, place, getattr(found, chosen), chosen, (before, after))}'


def _samples(c: Connection, place: Place, ids: tuple[int, ...], group: str, rounds: tuple[int, int]) -> str:
    before, after = rounds
    if not ids:
        return f'<p class="subdued">No sample is {GROUPS[group].lower()}.</p>'
    start = min(place.number("at") or 0, (len(ids) - 1) // PAGE * PAGE)
    page = ids[start : start + PAGE]
    samples = store.samples_by_id(c, page)
    project = find_project(c, place.project)
    first, second = (find_round(c, project, number) for number in (before, after))
    rows = []
    for key in page:
        sample = samples[key]
        old, new = (store.prediction(c, each.id, key) for each in (first, second))
        picture = f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">' if sample.image else ""
        link = _case_link(c, place, first, key, sample.question)
        rows.append([picture, link, f'<span dir="auto">✓ {short(sample.answer, 60)}</span>', _given(old), _given(new)])
    head = ["", "Sample", "Truth", f"Round {before} said", f"Round {after} said"]
    back = nav(place.link(at=max(0, start - PAGE) or None), "‹ Previous", "button small") if start else "<span></span>"
    on = nav(place.link(at=start + PAGE), "Next ›", "button small") if start + PAGE < len(ids) else "<span></span>"
    pages = (
        f'<div class="pages">{back}<span class="subdued">{start + 1:,} to {start + len(page):,} of '
        f"{len(ids):,}</span>{on}</div>"
    )
    return table(head, rows, "samples", f"{GROUPS[group]}: {count(len(ids), 'sample')}") + pages


def _case_link(c: Connection, place: Place, first: Round, key: int, question: str) -> str:
    if store.diagnosis(c, first.id, key) is None:
        return f'<span dir="auto">{short(question, 120)}</span>'
    href = place.link(
        tab="review",
        round=first.number,
        sample=key,
        verdict=None,
        category=None,
        skill=None,
        step=None,
        status=None,
        text=None,
    )
    return f'<a href="{esc(href)}" data-nav dir="auto" title="Open its diagnosis">{short(question, 120)}</a>'


def _given(said: Prediction | None) -> str:
    if said is None or said.answer is None:
        return '<span class="subdued">no answer read</span>'
    sign, css = ("✓", "truth") if said.correct else ("✗", "student")
    return f'<span class="{css}" dir="auto" title="{short(said.text, 600)}">{sign} {short(said.answer, 60)}</span>'


def _breakdowns(found: Comparison) -> str:
    by_category = _breakdown("Category", found.by_category, found.role)
    return f'<div class="two">{by_category}{_breakdown("Missing skill before", found.by_skill, found.role)}</div>'


def _points(change: float) -> str:
    css = "truth" if change > 0 else "student" if change < 0 else ""
    return f'<span class="{css}">{change:+.0f}</span>'


def _breakdown(name: str, groups: tuple[GroupChange, ...], role: Role) -> str:
    if not groups:
        why = "only validation errors are diagnosed" if role == "test" and "skill" in name else "the samples have none"
        return f'<p class="subdued">Nothing by {name.lower()}: {why}.</p>'
    ordered = sorted(groups, key=lambda each: -each.samples)[:40]
    rows = [
        [
            f'<span dir="auto">{short(each.name, 90)}</span>',
            f"{each.samples:,}",
            percent(each.before, 0),
            percent(each.after, 0),
            _points((each.after - each.before) * 100),
        ]
        for each in ordered
    ]
    return table(
        [name, "#Samples", "#Before", "#After", "#Points"], rows, "breakdown", f"By {name.lower()}, {role} set"
    )
