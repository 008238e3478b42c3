"""The Skills tab: the round's missing skills with how often each is missing, and what the support set offers for it.

Reads diagnoses, reviews and the support set's index; a click leads to the cases.
"""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection

from app.links import Place
from app.markup import count, empty, esc, nav, short
from app.page import Page, Parts, TabView
from app.projects import find_project, find_round
from app.support import Indexed, behind, indexed
from core.types import Hit, Sample
from storage import store

SHOWN = 60
OFFERED = 30
BEST = 4


@dataclass(frozen=True, kw_only=True)
class SkillRow:
    """A missing skill: how many errors ask for it (as people decided, else as the machine said), how many accepted."""

    skill: str
    errors: int
    accepted: int


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    view = page.part("skills")

    def show(place: Place) -> Parts:
        if not place.project:
            return {view: empty("No project", "Make a project first: the button is above.")}
        with page.db.read() as c:
            project = find_project(c, place.project)
            now = find_round(c, project, place.round)
            rows = missing_skills(c, now.id)
            found = indexed(c, page.db, project.settings.support) if rows else None
            return {view: skills_html(c, place, rows, found, project.settings.seed)}

    return TabView(show=show, follow=show)


def missing_skills(c: Connection, round_id: int) -> list[SkillRow]:
    """The round's missing skills, most frequent first; a reviewed case counts for what the person decided."""
    errors = Counter(store.facet_counts(c, round_id).skill)
    accepted = {demand.skill: demand.errors for demand in store.accepted_skills(c, round_id)}
    return [
        SkillRow(skill=skill, errors=number, accepted=accepted.get(skill, 0)) for skill, number in errors.most_common()
    ]


def skills_html(c: Connection, place: Place, rows: list[SkillRow], found: Indexed | None, seed: int) -> str:
    """The bar chart as a list: skill, bar, count, and on opening the samples behind it."""
    if not rows:
        go = nav(place.link(tab="data", sample=None), "Go to Data", "button primary")
        return empty(
            "No skill found missing yet", "Diagnose the round's errors first; each names one missing skill.", go
        )
    most = rows[0].errors
    accepted = sum(row.accepted for row in rows)
    note = (
        ""
        if found
        else '<p class="subdued">There is no labelled support set yet, so nothing can be shown behind these skills.</p>'
    )
    head = (
        f'<div class="row"><p><b>{count(len(rows), "missing skill")}</b> in '
        f"{count(sum(row.errors for row in rows), 'diagnosed error')}; "
        f"{count(accepted, 'case')} accepted so far. Only accepted skills are trained for.</p><span "
        'class="grow"></span>'
        f'<span class="legend"><i class="swatch accepted"></i>accepted <i class="swatch"></i>not accepted</span></div>'
    )
    offers = [_offered(c, row.skill, found, seed) if found else "" for row in rows[:OFFERED]]
    offers += [""] * len(rows)
    body = "".join(_row(place, row, most, offer) for row, offer in zip(rows[:SHOWN], offers, strict=False))
    more = (
        f'<p class="subdued">… and {len(rows) - SHOWN:,} rarer ones: search for them on the Review tab.</p>'
        if len(rows) > SHOWN
        else ""
    )
    return f'{head}{note}<div class="skills" role="list">{body}</div>{more}'


def _row(place: Place, row: SkillRow, most: int, offered: str) -> str:
    cases = place.link(
        tab="review", sample=None, skill=row.skill, verdict=None, category=None, step=None, status=None, text=None
    )
    share, taken = row.errors / most, row.accepted / row.errors if row.errors else 0
    stacked = (
        f'<span class="bar tall" role="img" aria-label="{row.errors} errors, {row.accepted} accepted" '
        f'style="--w:{share * 100:.1f}%">'
        f'<i class="all" style="width:{share * 100:.1f}%"></i><i class="taken" '
        f'style="width:{share * taken * 100:.1f}%"></i></span>'
    )
    link = f'<a href="{esc(cases)}" data-nav dir="auto" title="Show the cases">{esc(row.skill, 140)}</a>'
    line = f'<span class="name">{link}</span>{stacked}<span class="num"><b>{row.errors:,}</b></span>'
    return f'<div class="skill" role="listitem">{line}{offered}</div>'


def _offered(c: Connection, skill: str, found: Indexed, seed: int) -> str:
    """How many support samples match, and the best few when opened."""
    offer = behind(found, skill, seed=seed, limit=BEST)
    if not offer.matching:
        return '<span class="subdued behind">no support sample matches: reword the skill</span>'
    samples = store.samples_by_id(c, [hit.sample for hit in offer.hits])
    cards = "".join(card_html(samples[hit.sample], hit) for hit in offer.hits if hit.sample in samples)
    return (
        f'<details class="behind" data-keep="skill-{esc(skill, 80)}" ><summary>'
        f"{count(offer.matching, 'support sample')}</summary>"
        f'<div class="cards">{cards}</div></details>'
    )


def card_html(sample: Sample, hit: Hit) -> str:
    """A support sample in brief: image, question, its skill label with the matched words marked, and the score."""
    picture = (
        f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">'
        if sample.image
        else '<span class="noimage">text</span>'
    )
    return (
        f'<div class="card">{picture}<div><p dir="auto">{short(sample.question, 130)}</p>'
        f'<p class="skill-label" dir="auto">{marked(sample.skill_label, hit.terms)}</p><small class="subdued">'
        f"score {hit.score:.2f}</small></div></div>"
    )


def marked(label: str, terms: tuple[str, ...]) -> str:
    """A skill label, escaped, with the words that matched in <mark>."""
    wanted = {term.lower() for term in terms}
    words = label[:300].split(" ")
    return " ".join(
        f"<mark>{esc(word)}</mark>"
        if any(word.lower().strip(".,;:()\"'").startswith(term) for term in wanted)
        else esc(word)
        for word in words
    )
