"""The samples behind a number of the Comparison tab: image and question, and what both rounds said, side by side.

A page starts after a sample (``at`` in the URL), so it stays where it is when samples come or go before it.
"""

from bisect import bisect_right

from sqlalchemy import Connection

from app.comparisons.paired import PairedComparison
from app.rendering.formatting import count
from app.rendering.html import esc, nav, short
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.place import Place
from app.web.tabs.comparison.figures import KINDS, LONGEST_NAME, OUTCOMES, chosen_outcome
from core.types import Prediction, Sample
from storage import store
from storage.store import Round

PAGE = 20
STEPS = 6
LONGEST_STEP = 260


def cases_html(connection: Connection, place: Place, compared: PairedComparison) -> str:
    """One page of the opened number, within a category or skill where the URL names one."""
    outcome = chosen_outcome(place, compared)
    kind, name = within(place)
    ids = [sample for sample in getattr(compared.found, outcome) if not kind or _group(compared, kind, sample) == name]
    title = f"{OUTCOMES[outcome]} on the {compared.found.role} set: {count(len(ids), 'sample')}"
    where = f' in {KINDS[kind].lower()} “<span dir="auto">{esc(name, 120)}</span>”' if kind else ""
    leave = nav(place.link(within=None, at=None), "Show all", "button small") if kind else ""
    heading = f'<h3 tabindex="-1">{esc(title)}{where}</h3>{leave}'
    if not ids:
        none = '<p class="subdued">There is none.</p>'
        return f'<section class="pairs"><div class="row pair-head">{heading}</div>{none}</section>'
    start = bisect_right(ids, place.number("at") or 0)
    start = start if start < len(ids) else (len(ids) - 1) // PAGE * PAGE
    page = ids[start : start + PAGE]
    samples = store.samples_by_id(connection, page)
    said = [store.predictions_for(connection, each.id, page) for each in (compared.first, compared.second)]
    right = (outcome in ("broken", "still_right"), outcome in ("fixed", "still_right"))
    rows = "".join(_pair(place, compared, samples[key], [each.get(key) for each in said], right) for key in page)
    pages = _pages(place, ids, start)
    return f'<section class="pairs"><div class="row pair-head">{heading}{pages}</div>{rows}{pages}</section>'


def within(place: Place) -> tuple[str, str]:
    """The kind and name of the group that the URL narrows the samples to; two empty texts for none."""
    kind, _, name = place.choice("within").partition(":")
    return (kind, name) if kind in KINDS and name else ("", "")


def _group(compared: PairedComparison, kind: str, sample: int) -> str:
    groups = compared.categories if kind == "category" else compared.skills
    return groups.get(sample, "")[:LONGEST_NAME]


def _pages(place: Place, ids: list[int], start: int) -> str:
    end = min(start + PAGE, len(ids))
    earlier = ids[start - PAGE - 1] if start > PAGE else None
    back = _turn(place.link(at=earlier), "‹ Previous") if start else "<span></span>"
    on = _turn(place.link(at=ids[end - 1]), "Next ›") if end < len(ids) else "<span></span>"
    if not start and end == len(ids):
        return ""
    return f'<div class="pages">{back}<span class="subdued">{start + 1:,} to {end:,} of {len(ids):,}</span>{on}</div>'


def _turn(href: str, label: str) -> str:
    return f'<a class="button small" href="{esc(href)}" data-nav data-opens=comparison>{label}</a>'


def _pair(
    place: Place, compared: PairedComparison, sample: Sample, said: list[Prediction | None], right: tuple[bool, bool]
) -> str:
    picture = (
        f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">'
        if sample.image
        else '<span class="noimage">text only</span>'
    )
    facts = [f"#{sample.id}"] + [
        f'<span dir="auto">{short(text, 60)}</span>'
        for text in (sample.category, compared.skills.get(sample.id))
        if text
    ]
    href = place.link(sample=sample.id, training=None)
    trace = f'<a href="{esc(href)}" data-nav data-opens=lineage>Lineage</a>'
    asked = (
        f'<div class="asked"><p dir="auto"><b>{short(sample.question, 300)}</b></p>'
        f'<p dir="auto">truth: <span class="truth">{short(sample.answer, 120)}</span></p>'
        f'<p class="facts">{" · ".join(facts)} · {trace}</p></div>'
    )
    rounds = (compared.first, compared.second)
    answers = "".join(
        _said(place, compared, each, given, is_right) for each, given, is_right in zip(rounds, said, right, strict=True)
    )
    return f'<article class="pair">{picture}{asked}{answers}</article>'


def _said(place: Place, compared: PairedComparison, round_: Round, given: Prediction | None, right: bool) -> str:
    """What one round answered, with its steps; a wrong answer of the validation set leads to its review."""
    if given is None:
        return '<div class="said"></div>'
    sign, css = ("✓", "truth") if right else ("✗", "student")
    answer = short(given.answer, 120) if given.answer is not None else "no answer read"
    head = f'<p dir="auto">Round {round_.number}: <b class="{css}">{sign} {answer}</b>'
    if not right and compared.found.role == "validation":
        cleared = dict.fromkeys(FILTER_PARAMS)
        href = place.link(**cleared | {"tab": "review", "round": round_.number, "sample": given.sample})
        head += f" {nav(href, 'Review')}"
    return f'<div class="said">{head}</p>{_steps(given)}</div>'


def _steps(given: Prediction) -> str:
    steps = given.steps or ((given.text,) if given.text else ())
    items = [f'<li dir="auto">{short(step, LONGEST_STEP)}</li>' for step in steps]
    if len(items) <= STEPS:
        return f"<ol>{''.join(items)}</ol>"
    rest = "".join(items[STEPS:])
    return (
        f"<ol>{''.join(items[:STEPS])}</ol><details><summary>{len(items) - STEPS} more steps</summary>"
        f'<ol start="{STEPS + 1}">{rest}</ol></details>'
    )
