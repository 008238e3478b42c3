"""The Skills tab: the round's missing skills with how often each is missing, and what the support set offers for it.

Reads diagnoses, reviews and the support set's index; a click leads to the cases.
"""

from urllib.parse import urlencode

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from app.rendering.formatting import count, percent
from app.rendering.html import clock, command, empty, esc, nav, short
from app.reviews.wording import VERDICT_LABELS
from app.selections.support_index import IndexedSupport, indexed_support, matches_of
from app.web.components.sample_cards import card_html
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.handlers import Page, Parts, TabView
from app.web.page.place import Place
from storage import store
from storage.store import BulkReviewSummary, MissingSkill

SHOWN = 60
OFFERED = 30
BEST = 4


ACCURACY = (
    "Right answers among the validation samples of the categories in which this skill was found missing. Which of the "
    "right ones needed it is not known."
)


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    view = page.part("skills")

    def show(place: Place) -> Parts:
        if not place.project:
            return {view: empty("No project", "Make a project first: the button is above.")}
        with page.db.read() as connection:
            project = find_project(connection, place.project)
            round_ = find_round(connection, project, place.round)
            rows = store.missing_skills(connection, round_.id)
            found = indexed_support(connection, page.db, project.settings.support) if rows else None
            bulks = store.bulk_reviews_of(connection, round_.id)
            return {view: skills_html(connection, place, rows, found, project.settings.seed) + history_html(bulks)}

    return TabView(show=show, follow=show)


def skills_html(
    connection: Connection, place: Place, rows: list[MissingSkill], found: IndexedSupport | None, seed: int
) -> str:
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
        f"{count(accepted, 'case')} accepted so far. Only accepted skills are trained for.</p>"
        f'<span class="grow"></span>{_downloads(place)}'
        f'<span class="legend"><i class="swatch accepted"></i>accepted <i class="swatch"></i>not accepted</span></div>'
    )
    offers = [_offered(connection, row.skill, found, seed) if found else "" for row in rows[:OFFERED]]
    offers += [""] * len(rows)
    body = "".join(_row(place, row, most, offer) for row, offer in zip(rows[:SHOWN], offers, strict=False))
    more = (
        f'<p class="subdued">… and {len(rows) - SHOWN:,} rarer ones: search for them on the Review tab.</p>'
        if len(rows) > SHOWN
        else ""
    )
    return f'{head}{note}<div class="skills" role="list">{body}</div>{more}'


def _downloads(place: Place) -> str:
    query = urlencode({"project": place.project, "round": place.round})
    files = (("report.html", "report"), ("reviews.csv", "reviews as CSV"), ("reviews.jsonl", "as JSON lines"))
    links = " · ".join(f'<a href="/export/{name}?{esc(query)}" download>{said}</a>' for name, said in files)
    return f'<span class="subdued downloads">Download: {links}</span>'


def _row(place: Place, row: MissingSkill, most: int, offered: str) -> str:
    cases = place.link(**dict.fromkeys(FILTER_PARAMS) | {"tab": "review", "sample": None, "skill": row.skill})
    share, taken = row.errors / most, row.accepted / row.errors if row.errors else 0
    stacked = (
        f'<span class="bar tall" role="img" aria-label="{row.errors} errors, {row.accepted} accepted" '
        f'style="--w:{share * 100:.1f}%">'
        f'<i class="all" style="width:{share * 100:.1f}%"></i><i class="taken" '
        f'style="width:{share * taken * 100:.1f}%"></i></span>'
    )
    link = f'<a href="{esc(cases)}" data-nav dir="auto" title="Show the cases">{esc(row.skill, 140)}</a>'
    hint = "Reword this skill, or merge it with another"
    rename = command("bulk-plan", "Reword …", "quiet", hint, act="renamed", of=row.skill)
    line = (
        f'<span class="name">{link} {rename}</span>{stacked}<span class="num"><b>{row.errors:,}</b></span>'
        f'<span class="num subdued" title="{ACCURACY}">{_accuracy(row)}</span>'
    )
    return f'<div class="skill" role="listitem">{line}{offered}</div>'


def _accuracy(row: MissingSkill) -> str:
    return f"{percent(row.right / row.samples, 0)} right" if row.samples else "–"


def history_html(bulks: list[BulkReviewSummary]) -> str:
    """What was decided for many cases at once, rewordings among it, newest first, each with its undo."""
    if not bulks:
        return ""
    rows = "".join(
        f'<li><time>{clock(each.created)}</time> {short(each.reviewer, 40)} <span dir="auto">{_act(each)}</span> '
        f"{command('bulk-undo', 'Undo', 'quiet', bulk=each.bulk)}</li>"
        for each in bulks
    )
    return (
        f'<details class="raw together" data-keep="bulks"><summary>'
        f"Decided at once ({len(bulks)})</summary><ol>{rows}</ol></details>"
    )


def _act(each: BulkReviewSummary) -> str:
    if each.is_undo:
        return f"took an action back in {count(each.cases, 'case')}"
    sign, name = VERDICT_LABELS[each.verdict]
    worded = f" as “{esc(each.skill, 200)}”" if each.verdict == "edited" else ""
    return f"{sign} {name}: {count(each.cases, 'case')}{worded}"


def _offered(connection: Connection, skill: str, found: IndexedSupport, seed: int) -> str:
    """How many support samples match, and the best few when opened."""
    offer = matches_of(found, skill, seed=seed, limit=BEST)
    if not offer.matching:
        return '<span class="subdued behind">no support sample matches: reword the skill</span>'
    samples = store.samples_by_id(connection, [hit.sample for hit in offer.hits])
    cards = "".join(card_html(samples[hit.sample], hit) for hit in offer.hits if hit.sample in samples)
    return (
        f'<details class="behind" data-keep="skill-{esc(skill, 80)}" ><summary>'
        f"{count(offer.matching, 'support sample')}</summary>"
        f'<div class="cards">{cards}</div></details>'
    )
