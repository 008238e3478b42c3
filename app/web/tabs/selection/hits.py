"""The hits of each accepted skill on the Selection tab: what it would draw, in which order, and a person's rulings.

``core`` ranks the hits. A ruling is the action "rule", taking one back the action "unrule".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.templates import render
from app.selections.shortfalls import badge, shortfalls
from app.selections.support_index import IndexedSupport
from app.web.page.place import Place
from app.web.tabs.selection.pages import pages_at
from core.selection.composition import expected_shares
from core.selection.rulings import hits_with_removed
from core.types import Hit, Ruling, Sample, SkillDemand, SkillShare
from storage import store

SKILLS_PER_PAGE = 20
HITS_PER_PAGE = 20
MAX_RULINGS = 20


@dataclass(frozen=True, kw_only=True)
class HitSource:
    """What hits depend on: the accepted skills, the rulings in force, the support set, the budget and the seed."""

    demands: Sequence[SkillDemand]
    rulings: Sequence[Ruling]
    support: IndexedSupport
    budget: int
    seed: int

    def shares(self, skills: Sequence[str]) -> tuple[SkillShare, ...]:
        """What each of these skills would be due and find."""
        return expected_shares(
            self.support.index, self.demands, skills, budget=self.budget, seed=self.seed, rulings=self.rulings
        )


@dataclass(frozen=True, kw_only=True)
class SkillRow:
    """An accepted skill in the list, with its shortfall ("" for none)."""

    share: SkillShare
    shortfall: str
    is_ruled: bool


@dataclass(frozen=True, kw_only=True)
class HitRow:
    """A hit in the list; ``drawn`` is False for a removed one. ``on_sample`` and ``on_task`` are rulings in force."""

    number: int
    hit: Hit
    sample: Sample
    drawn: bool
    on_sample: Ruling | None
    on_task: Ruling | None


def hits_html(connection: Connection, place: Place, source: HitSource) -> Markup:
    """The accepted skills, and the hits of the one in the URL (by default the first)."""
    skills = [demand.skill for demand in source.demands]
    chosen = place.choice("for")
    skill = chosen if chosen in skills else skills[0]
    (share,) = source.shares([skill])
    first_skill = min(place.number("skills") or 0, len(skills) - 1) // SKILLS_PER_PAGE * SKILLS_PER_PAGE
    rows = _skill_rows(source, skills[first_skill : first_skill + SKILLS_PER_PAGE])
    more_skills = first_skill + len(rows) < len(skills)
    skill_pages = pages_at(place, "skills", first_skill, len(rows), SKILLS_PER_PAGE, more=more_skills)
    after = place.number("rank") or 0
    ranked = hits_with_removed(source.support.index, skill, seed=source.seed, rulings=source.rulings)
    page = list(islice(ranked, after, after + HITS_PER_PAGE + 1))
    more, page = len(page) > HITS_PER_PAGE, page[:HITS_PER_PAGE]
    own = [ruling for ruling in source.rulings if ruling.skill == skill]
    ruled = [ruling.sample for ruling in own[:MAX_RULINGS] if ruling.sample is not None]
    return render(
        "selection/hits.html",
        place=place,
        skills=rows,
        skill_pages=skill_pages if len(skills) > SKILLS_PER_PAGE else None,
        share=share,
        budget=source.budget,
        support=source.support.name,
        shortfalls=shortfalls(share, made=False),
        skill_rulings=own,
        max_rulings=MAX_RULINGS,
        ruled_samples=store.samples_by_id(connection, ruled),
        hits=_hit_rows(connection, source, skill, page, after),
        hit_pages=pages_at(place, "rank", after, len(page), HITS_PER_PAGE, more=more),
    )


def _skill_rows(source: HitSource, skills: Sequence[str]) -> list[SkillRow]:
    ruled = {ruling.skill for ruling in source.rulings}
    return [
        SkillRow(share=share, shortfall=badge(share), is_ruled=share.skill in ruled) for share in source.shares(skills)
    ]


def _hit_rows(
    connection: Connection, source: HitSource, skill: str, page: Sequence[tuple[Hit, bool]], after: int
) -> list[HitRow]:
    """The rows of a page of hits; each hit comes with whether it is drawn."""
    samples = store.samples_by_id(connection, [hit.sample for hit, _ in page])
    by_sample, elsewhere, by_task = {}, {}, {}
    for ruling in source.rulings:
        if ruling.sample is not None and ruling.skill == skill:
            by_sample[ruling.sample] = ruling
        if ruling.sample is not None and ruling.act == "remove":
            elsewhere[ruling.sample] = ruling
        if ruling.task is not None and ruling.skill == skill:
            by_task[ruling.task] = ruling
    return [
        HitRow(
            number=number,
            hit=hit,
            sample=samples[hit.sample],
            drawn=drawn,
            on_sample=by_sample.get(hit.sample) or elsewhere.get(hit.sample),
            on_task=by_task.get(samples[hit.sample].task),
        )
        for number, (hit, drawn) in enumerate(page, after + 1)
        if hit.sample in samples
    ]
