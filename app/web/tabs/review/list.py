"""The left side of the Review tab: filters, the paged list of errors, and what comes next in it.

Reads rows and renders HTML. A page starts after a cursor that the URL keeps (``from``), never at an offset.
"""

import json
from dataclasses import dataclass, replace

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.templates import render
from app.reviews.wording import STATUS_LABELS, VERDICT_LABELS
from app.web.page.case_filters import CONFIDENCE_LABELS, FILTER_PARAMS, ORDER_LABELS, read_filters, read_order
from app.web.page.place import Place
from core.types import RoundId
from storage import store
from storage.store import Case, CaseFilters, CaseLine, Cursor, Facets, Order

PAGE_SIZE = 50
MAX_OPTIONS = 200


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
        connection, round_id, after=read_cursor(start), limit=PAGE_SIZE + 1, filters=filters, order=order
    )
    if holding is None and place.sample and not any(case.sample == place.sample for case in cases):
        holding = store.case_of(connection, round_id, place.sample)
    if holding is not None and not any(case.sample == holding.sample.id for case in cases[:PAGE_SIZE]):
        key, sample = store.cursor_of(holding, order)
        start = json.dumps([key, sample - 1])
        cases = store.lines_page(
            connection, round_id, after=(key, sample - 1), limit=PAGE_SIZE + 1, filters=filters, order=order
        )
    after = json.dumps(cases[PAGE_SIZE - 1].cursor(order)) if len(cases) > PAGE_SIZE else ""
    errors = store.count_cases(connection, round_id)
    return Listing(
        cases=cases[:PAGE_SIZE],
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


def search_html(place: Place) -> Markup:
    """The search field; a part of its own, because what someone is typing in must not be painted anew."""
    return render("review/search.html", text=place.choice("text"))


def filters_html(place: Place, facets: Facets) -> Markup:
    """The filters, each value with how many cases it would show."""
    counts = facets.verdict
    verdicts: list[tuple[str, str]] = [
        (key, f"{sign} {name} ({counts[key]})") for key, (sign, name) in VERDICT_LABELS.items() if counts.get(key)
    ]
    steps = [(str(step), f"step {step} ({number})") for step, number in sorted(facets.mistake_step.items())]
    statuses = [(key, f"{STATUS_LABELS.get(key, key)} ({number})") for key, number in facets.status.items()]
    filters: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("verdict", "Verdict", verdicts),
        ("category", "Category", _with_counts(facets.category)),
        ("skill", "Missing skill", _with_counts(facets.skill)),
        ("step", "Mistake step", steps),
        ("status", "Switch", statuses),
        ("sure", "Sure", list(CONFIDENCE_LABELS.items())),
    ]
    if len(facets.reviewer) > 1 or place.choice("reviewer"):
        filters.append(("reviewer", "Reviewer", _with_counts(facets.reviewer)))
    is_filtered = any(place.choice(name) for name in FILTER_PARAMS)
    return render(
        "review/filters.html",
        filters=[(name, label, *_options(place, name, options)) for name, label, options in filters],
        cleared=place.link(**dict.fromkeys((*FILTER_PARAMS, "sample"))) if is_filtered else "",
    )


def _options(place: Place, name: str, options: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """A filter's options and the chosen one, which stays among them when no case has it any more."""
    chosen = place.choice(name)
    if chosen and chosen not in [value for value, _ in options]:
        options = [*options, (chosen, f"{chosen} (0)")]
    return [("", "all"), *options], chosen


def _with_counts(values: dict[str, int]) -> list[tuple[str, str]]:
    shown = list(values.items())[:MAX_OPTIONS]
    return [(value, f"{value[:44]}{'…' if len(value) > 44 else ''} ({number})") for value, number in shown]


def cases_html(place: Place, listing: Listing, chosen: int | None) -> Markup:
    """The list itself with its head (how far the review is) and the way to the next page."""
    return render(
        "review/list.html",
        place=place,
        found=listing,
        chosen=chosen,
        order=read_order(place),
        orders=ORDER_LABELS,
        labels=VERDICT_LABELS,
    )
