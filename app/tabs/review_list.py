"""The left side of the Review tab: filters, the paged list of errors, and what comes next in it.

Reads rows and renders HTML. A page starts after a cursor that the URL keeps (``from``), never at an offset.
"""

import json
from dataclasses import dataclass, replace
from typing import get_args

from sqlalchemy import Connection

from app.links import Place
from app.markup import choices, command, count, empty, esc, percent, short
from core.types import SwitchStatus, Verdict
from storage import store
from storage.store import Case, CaseFilters, Cursor, Facets

PAGE = 50
MOST_AT_ONCE = 500
VERDICTS: dict[str, tuple[str, str]] = {
    "unreviewed": ("○", "not reviewed"),
    "accepted": ("✓", "accepted"),
    "edited": ("✎", "accepted edited"),
    "rejected": ("✗", "rejected"),
    "skipped": ("→", "skipped"),
    "label_wrong": ("⚑", "label wrong"),
    "misread": ("≠", "misread"),
}
STATUSES = {
    "switched": "switched",
    "no_switch": "no clear switch",
    "prior_ignored": "prior ignored",
    "no_steps": "no steps",
    "undiagnosed": "not diagnosed",
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list: ``matching`` cases pass the filters, of ``errors`` in all; ``after`` leads on."""

    cases: list[Case]
    start: str
    after: str
    matching: int
    errors: int
    reviewed: int
    acceptable: int


def filters_of(place: Place) -> CaseFilters:
    """The filters that the URL asks for; values it cannot mean are left out."""
    verdict, status = place.choice("verdict"), place.choice("status")
    return CaseFilters(
        verdict=verdict if verdict in VERDICTS else None,  # type: ignore[arg-type]
        category=place.choice("category") or None,
        skill=place.choice("skill") or None,
        mistake_step=place.number("step"),
        status=status if status in (*get_args(SwitchStatus), "undiagnosed") else None,  # type: ignore[arg-type]
        text=place.choice("text").strip() or None,
    )


def listing(c: Connection, round_id: int, place: Place, *, holding: Case | None = None) -> Listing:
    """The page of the URL; where it does not hold ``holding`` (or the URL's own case), the page that starts with it."""
    filters = filters_of(place)
    start = place.choice("from")
    cases = store.cases_page(c, round_id, after=read_cursor(start), limit=PAGE + 1, filters=filters)
    if holding is None and place.sample and not any(case.sample.id == place.sample for case in cases):
        holding = store.case_of(c, round_id, place.sample)
    if holding is not None and not any(case.sample.id == holding.sample.id for case in cases[:PAGE]):
        key, sample = store.cursor_of(holding)
        start = json.dumps([key, sample - 1])
        cases = store.cases_page(c, round_id, after=(key, sample - 1), limit=PAGE + 1, filters=filters)
    after = json.dumps(store.cursor_of(cases[PAGE - 1])) if len(cases) > PAGE else ""
    reviewed = sum(store.review_counts(c, round_id).values())
    waiting = replace(filters, verdict="unreviewed")
    open_cases = store.count_cases(c, round_id, waiting) if filters.verdict in (None, "unreviewed") else 0
    return Listing(
        cases=cases[:PAGE],
        start=start,
        after=after,
        matching=store.count_cases(c, round_id, filters),
        errors=store.count_cases(c, round_id),
        reviewed=reviewed,
        acceptable=open_cases - undiagnosed_of(c, round_id, waiting) if open_cases else 0,
    )


def undiagnosed_of(c: Connection, round_id: int, filters: CaseFilters) -> int:
    """How many of the filtered cases carry no diagnosis: they cannot be accepted."""
    if filters.status not in (None, "undiagnosed"):
        return 0
    return store.count_cases(c, round_id, replace(filters, status="undiagnosed"))


def acceptable(c: Connection, round_id: int, filters: CaseFilters) -> list[int]:
    """The samples that pass the filters, have a skill, and no verdict yet."""
    if filters.verdict not in (None, "unreviewed"):
        return []
    found: list[int] = []
    after: Cursor | None = None
    while page := store.cases_page(
        c, round_id, after=after, limit=MOST_AT_ONCE, filters=replace(filters, verdict="unreviewed")
    ):
        found += [case.sample.id for case in page if case.skill and case.mistake_step]
        after = store.cursor_of(page[-1])
    return found


def next_unreviewed(c: Connection, round_id: int, filters: CaseFilters, after: Case | None) -> int | None:
    """The next case without a verdict that passes the filters, from ``after`` on and then from the start."""
    if filters.verdict not in (None, "unreviewed"):
        return _following(c, round_id, filters, after)
    waiting = replace(filters, verdict="unreviewed")
    return _following(c, round_id, waiting, after) or _following(c, round_id, waiting, None)


def _following(c: Connection, round_id: int, filters: CaseFilters, after: Case | None) -> int | None:
    cursor = None if after is None else store.cursor_of(after)
    found = store.cases_page(c, round_id, after=cursor, limit=1, filters=filters)
    return found[0].sample.id if found and (after is None or found[0].sample.id != after.sample.id) else None


def read_cursor(text: str) -> Cursor | None:
    """The cursor in a URL, None where it is none."""
    try:
        key, sample = json.loads(text)
    except (ValueError, TypeError):
        return None
    if isinstance(sample, int) and (key is None or isinstance(key, int | float)):
        return key, sample
    return None


def search_html(place: Place) -> str:
    """The search field; a part of its own, because what someone is typing in must not be painted anew."""
    value = esc(place.choice("text"), 200)
    return (
        '<label class="pick wide"><span>Search</span><input type="search" data-search="text" maxlength="200" '
        f'placeholder="question, rationale or skill" value="{value}"></label>'
    )


def filters_html(place: Place, facets: Facets, found: Listing) -> str:
    """The filters, each value with how many cases it would show, and the bulk accept."""
    verdicts = [(value, f"{sign} {name} ({facets.verdict.get(value, 0)})") for value, (sign, name) in VERDICTS.items()]
    parts = [
        _filter(place, "verdict", "Verdict", [row for row in verdicts if facets.verdict.get(row[0].strip())]),
        _filter(place, "category", "Category", _counted(facets.category)),
        _filter(place, "skill", "Missing skill", _counted(facets.skill)),
        _filter(
            place,
            "step",
            "Mistake step",
            [(str(step), f"step {step} ({n})") for step, n in sorted(facets.mistake_step.items())],
        ),
        _filter(
            place, "status", "Switch", [(key, f"{STATUSES.get(key, key)} ({n})") for key, n in facets.status.items()]
        ),
    ]
    asked = any(place.choice(name) for name in ("verdict", "category", "skill", "step", "status", "text"))
    cleared = place.link(verdict=None, category=None, skill=None, step=None, status=None, text=None, sample=None)
    clear = f'<a class="button small" href="{esc(cleared)}" data-nav>Clear filters</a>' if asked else ""
    return f'<div class="filters">{"".join(parts)}{clear}<span class="grow"></span>{_bulk(found, asked)}</div>'


def _filter(place: Place, name: str, label: str, options: list[tuple[str, str]]) -> str:
    chosen = place.choice(name)
    if chosen and chosen not in [value for value, _ in options]:
        options = [*options, (chosen, f"{chosen} (0)")]
    return choices(name, label, [("", "all"), *options], chosen, "on" if chosen else "")


def _counted(values: dict[str, int]) -> list[tuple[str, str]]:
    return [(value, f"{value[:44]}{'…' if len(value) > 44 else ''} ({n})") for value, n in list(values.items())[:200]]


def _bulk(found: Listing, asked: bool) -> str:
    if not found.acceptable:
        return ""
    which = "that these filters show" if asked else "of this round"
    question = (
        f"Accept {count(found.acceptable, 'diagnosis', 'diagnoses')} {which} and "
        f"{'has' if found.acceptable == 1 else 'have'} no verdict yet? Each can be undone on its own."
    )
    return command("accept-all", f"Accept all {found.acceptable:,} …", "button", confirm=question)


def cases_html(place: Place, found: Listing, chosen: int | None) -> str:
    """The list itself with its head (how far the review is) and the way to the next page."""
    share = found.reviewed / found.errors if found.errors else 0
    head = (
        f'<div class="cases-head"><b>{found.reviewed:,} of {found.errors:,} reviewed</b>'
        f'<span class="bar" aria-hidden="true"><i style="width:{share * 100:.1f}%"></i></span>'
        f"<span class=subdued>{count(found.matching, 'case')} here, least sure first</span></div>"
    )
    if not found.cases:
        return head + empty("No case matches", "Loosen a filter above, or clear them all.")
    rows = "".join(_row(place, case, case.sample.id == chosen) for case in found.cases)
    return f'{head}<nav class="cases" aria-label="Errors">{rows}</nav>{_pages(found)}'


def _row(place: Place, case: Case, chosen: bool) -> str:
    verdict: Verdict | str = case.review.verdict if case.review else "unreviewed"
    sign, name = VERDICTS.get(verdict, ("?", verdict))
    step = f"step {case.mistake_step}" if case.mistake_step else "no step"
    sure = f" · {percent(case.diagnosis.switch.confidence, 0)} sure" if case.diagnosis else " · not diagnosed"
    return (
        f'<a class="case-row{" sel" if chosen else ""} {verdict}" '
        f'href="{esc(place.link(tab="review", sample=case.sample.id))}" '
        f'data-sample="{case.sample.id}"{" aria-current=true" if chosen else ""}>'
        f'<span class="sign" title="{name}" aria-label="{name}">{sign}</span>'
        f'<span class="what" dir="auto">{short(case.sample.question, 120)}</span>'
        f'<span class="why" dir="auto">{step}{sure}{f" · {short(case.skill, 60)}" if case.skill else ""}</span></a>'
    )


def _pages(found: Listing) -> str:
    back = (
        '<button type="button" class="button small" data-page="previous">‹ Previous</button>'
        if found.start
        else "<span></span>"
    )
    more = (
        f'<button type="button" class="button small" data-page="next" data-from="{esc(found.after)}">Next '
        f"{PAGE} ›</button>"
        if found.after
        else ""
    )
    return f'<div class="pages">{back}{more}</div>' if found.start or found.after else ""
