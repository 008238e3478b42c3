"""The left side of the Review tab: filters, the paged list of errors, and what comes next in it.

Reads rows and renders HTML. A page starts after a cursor that the URL keeps (``from``), never at an offset.
"""

import json
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.rendering.formatting import count, percent
from app.rendering.html import choices, empty, esc, short
from app.reviews.wording import STATUS_LABELS, VERDICT_LABELS
from app.web.page.case_filters import CONFIDENCE_LABELS, FILTER_PARAMS, ORDER_LABELS, read_filters, read_order
from app.web.page.place import Place
from core.types import RoundId
from storage import store
from storage.store import Case, CaseFilters, CaseLine, Cursor, Facets, Order

PAGE = 50


JUMP = (
    '<form class="pick jump" data-jump><input name="number" inputmode="numeric" '
    'aria-label="Go to a case by its number" placeholder="go to # (G)" maxlength="200" autocomplete="off" '
    'title="The number in the list, or the id from your file (G)"></form>'
)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list: ``matching`` cases pass the filters, of ``errors`` in all; ``after`` leads on."""

    cases: list[CaseLine]
    start: str
    after: str
    matching: int
    errors: int
    reviewed: int


def listing(connection: Connection, round_id: RoundId, place: Place, *, holding: Case | None = None) -> Listing:
    """The page of the URL; where it does not hold ``holding`` (or the URL's own case), the page that starts with it."""
    filters, order = read_filters(place), read_order(place)
    start = place.choice("from")
    cases = store.lines_page(
        connection, round_id, after=read_cursor(start), limit=PAGE + 1, filters=filters, order=order
    )
    if holding is None and place.sample and not any(case.sample == place.sample for case in cases):
        holding = store.case_of(connection, round_id, place.sample)
    if holding is not None and not any(case.sample == holding.sample.id for case in cases[:PAGE]):
        key, sample = store.cursor_of(holding, order)
        start = json.dumps([key, sample - 1])
        cases = store.lines_page(
            connection, round_id, after=(key, sample - 1), limit=PAGE + 1, filters=filters, order=order
        )
    after = json.dumps(cases[PAGE - 1].cursor(order)) if len(cases) > PAGE else ""
    errors = store.count_cases(connection, round_id)
    return Listing(
        cases=cases[:PAGE],
        start=start,
        after=after,
        matching=errors if filters == CaseFilters() else store.count_cases(connection, round_id, filters),
        errors=errors,
        reviewed=sum(store.review_counts(connection, round_id).values()),
    )


def next_unreviewed(connection: Connection, round_id: RoundId, place: Place, after: Case | None) -> Case | None:
    """The next case without a verdict that passes the URL's filters, from ``after`` on and then from the start."""
    filters, order = read_filters(place), read_order(place)
    if filters.verdict not in (None, "unreviewed"):
        return _following(connection, round_id, filters, order, after)
    waiting = replace(filters, verdict="unreviewed")
    return _following(connection, round_id, waiting, order, after) or _following(
        connection, round_id, waiting, order, None
    )


def _following(
    connection: Connection, round_id: RoundId, filters: CaseFilters, order: Order, after: Case | None
) -> Case | None:
    cursor = None if after is None else store.cursor_of(after, order)
    found = store.cases_page(connection, round_id, after=cursor, limit=1, filters=filters, order=order)
    return found[0] if found and (after is None or found[0].sample.id != after.sample.id) else None


def read_cursor(text: str) -> Cursor | None:
    """The cursor in a URL, None where it is none."""
    try:
        key, sample = json.loads(text)
    except (ValueError, TypeError):
        return None
    if not isinstance(sample, int) or not isinstance(key, int | float | str | None):
        return None
    numbers = [each for each in (key, sample) if isinstance(each, int)]
    if any(abs(each) >= 2**63 for each in numbers) or str(key).encode("utf-8", "replace").decode() != str(key):
        return None
    return key, sample


def search_html(place: Place) -> str:
    """The search field; a part of its own, because what someone is typing in must not be painted anew."""
    value = esc(place.choice("text"), 200)
    return (
        '<label class="pick wide"><span>Search</span><input type="search" data-search="text" maxlength="200" '
        f'placeholder="question, rationale or skill" value="{value}"></label>'
    )


def filters_html(place: Place, facets: Facets) -> str:
    """The filters, each value with how many cases it would show."""
    verdicts = [
        (value, f"{sign} {name} ({facets.verdict.get(value, 0)})") for value, (sign, name) in VERDICT_LABELS.items()
    ]
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
            place,
            "status",
            "Switch",
            [(key, f"{STATUS_LABELS.get(key, key)} ({n})") for key, n in facets.status.items()],
        ),
        _filter(place, "sure", "Sure", list(CONFIDENCE_LABELS.items())),
    ]
    if len(facets.reviewer) > 1 or place.choice("reviewer"):
        parts.append(_filter(place, "reviewer", "Reviewer", _counted(facets.reviewer)))
    asked = any(place.choice(name) for name in FILTER_PARAMS)
    cleared = place.link(**dict.fromkeys((*FILTER_PARAMS, "sample")))
    clear = f'<a class="button small" href="{esc(cleared)}" data-nav>Clear filters</a>' if asked else ""
    return f'<div class="filters">{"".join(parts)}{clear}</div>'


def _filter(place: Place, name: str, label: str, options: list[tuple[str, str]]) -> str:
    chosen = place.choice(name)
    if chosen and chosen not in [value for value, _ in options]:
        options = [*options, (chosen, f"{chosen} (0)")]
    return choices(name, label, [("", "all"), *options], chosen, "on" if chosen else "")


def _counted(values: dict[str, int]) -> list[tuple[str, str]]:
    return [(value, f"{value[:44]}{'…' if len(value) > 44 else ''} ({n})") for value, n in list(values.items())[:200]]


def _bulk(found: Listing) -> str:
    which = "these" if found.matching < found.errors else "all"
    return (
        f'<button type="button" class="button small" data-ask-bulk title="One decision over all of them (B)">'
        f"Decide {which} {found.matching:,} … <kbd>B</kbd></button>"
    )


def cases_html(place: Place, found: Listing, chosen: int | None) -> str:
    """The list itself with its head (how far the review is) and the way to the next page."""
    share = found.reviewed / found.errors if found.errors else 0
    order = choices("order", "Order", ORDER_LABELS.items(), read_order(place), "bare")
    head = (
        f'<div class="cases-head"><b>{found.reviewed:,} of {found.errors:,} reviewed</b>'
        f'<span class="bar" aria-hidden="true"><i style="width:{share * 100:.1f}%"></i></span>'
        f"<span class=subdued>{count(found.matching, 'case')} here, {ORDER_LABELS[read_order(place)]}</span></div>"
        f'<div class="row list-tools">{order}{JUMP}</div>'
    )
    if not found.cases:
        return head + empty("No case matches", "Loosen a filter above, or clear them all.")
    rows = "".join(_row(place, case, case.sample == chosen) for case in found.cases)
    return f'{head}<nav class="cases" aria-label="Errors" data-start="{esc(found.start)}">{rows}</nav>{_pages(found)}'


def _row(place: Place, case: CaseLine, chosen: bool) -> str:
    verdict = case.verdict or "unreviewed"
    sign, name = VERDICT_LABELS.get(verdict, ("?", verdict))
    step = f"step {case.mistake_step}" if case.mistake_step else "no step"
    sure = " · not diagnosed" if case.confidence is None else f" · {percent(case.confidence, 0)} sure"
    return (
        f'<a class="case-row{" sel" if chosen else ""} {verdict}" '
        f'href="{esc(place.link(tab="review", sample=case.sample))}" '
        f'data-sample="{case.sample}"{" aria-current=true" if chosen else ""}>'
        f'<span class="sign" title="{name}" aria-label="{name}">{sign}</span>'
        f'<span class="what" dir="auto"><small>{case.sample}</small> {short(case.question, 120)}</span>'
        f'<span class="why" dir="auto">{step}{sure}{f" · {short(case.skill, 60)}" if case.skill else ""}</span></a>'
    )


def _pages(found: Listing) -> str:
    back = (
        '<button type="button" class="button small" data-page="previous" title="The first cases">‹ First</button>'
        if found.start
        else ""
    )
    more = (
        f'<button type="button" class="button small" data-page="next" data-from="{esc(found.after)}">Next ›</button>'
        if found.after
        else ""
    )
    return f'<div class="pages">{_bulk(found)}<span class="grow"></span>{back}{more}</div>'
