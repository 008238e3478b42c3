"""The Skills tab: the round's missing skills, how often each is missing, and the support samples that match it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from app.rendering.templates import NOTHING, macro, render
from app.reviews.wording import VERDICT_LABELS
from app.selections.support_index import IndexedSupport, SkillMatches, indexed_support, matches_of
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.handlers import Page, Parts, TabView
from app.web.page.place import Place
from core.types import Sample
from storage import store
from storage.store import BulkReviewSummary, MissingSkill

MAX_SKILLS = 60
# Skills that matching support samples are shown for, and samples of each.
MAX_MATCHED = 30
TOP_K = 4
DOWNLOADS = (("report.html", "report"), ("reviews.csv", "reviews as CSV"), ("reviews.jsonl", "as JSON lines"))


@dataclass(frozen=True, kw_only=True)
class SkillRow:
    """A missing skill with the link to its cases, and the support samples that match it (None: not looked for)."""

    skill: MissingSkill
    cases: str
    matches: SkillMatches | None
    samples: Mapping[int, Sample]


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    view = page.part("skills")

    def show(place: Place) -> Parts:
        if not place.project:
            return {view: macro("no_project")}
        with page.db.read() as connection:
            project = find_project(connection, place.project)
            round_ = find_round(connection, project, place.round)
            skills = store.missing_skills(connection, round_.id)
            support = indexed_support(connection, page.db, project.settings.support) if skills else None
            chart = skills_html(connection, place, skills, support, project.settings.seed)
            return {view: chart + history_html(store.bulk_reviews_of(connection, round_.id))}

    return TabView(show=show, follow=show)


def skills_html(
    connection: Connection, place: Place, skills: list[MissingSkill], support: IndexedSupport | None, seed: int
) -> Markup:
    """The bar chart as a list: skill, bar, count, and folded below it the support samples that match."""
    if not skills:
        go = macro("nav", place.link(tab="data", sample=None), "Go to Data", "button primary")
        return macro(
            "empty",
            "No skill found missing yet",
            "Diagnose the round's errors first; each names one missing skill.",
            go,
        )
    rows = []
    for index, skill in enumerate(skills[:MAX_SKILLS]):
        matches = None
        if support and index < MAX_MATCHED:
            matches = matches_of(support, skill.skill, seed=seed, limit=TOP_K)
        samples = store.samples_by_id(connection, [hit.sample for hit in matches.hits]) if matches else {}
        cases = place.link(**dict.fromkeys(FILTER_PARAMS) | {"tab": "review", "sample": None, "skill": skill.skill})
        rows.append(SkillRow(skill=skill, cases=cases, matches=matches, samples=samples))
    return render(
        "skills/skills.html",
        skill_count=len(skills),
        most=skills[0].errors,
        errors=sum(skill.errors for skill in skills),
        accepted=sum(skill.accepted for skill in skills),
        rows=rows,
        has_support=support is not None,
        downloads=DOWNLOADS,
        download_query=urlencode({"project": place.project, "round": place.round}),
    )


def history_html(reviews: list[BulkReviewSummary]) -> Markup:
    """The verdicts on many cases at once, rewordings among them, newest first, each with its undo."""
    if not reviews:
        return NOTHING
    return render("skills/history.html", reviews=reviews, verdict_labels=VERDICT_LABELS)
