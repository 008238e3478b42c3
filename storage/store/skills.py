"""The missing skills of a round's errors, and the student's scores in the categories of each."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from core.types import RoundId
from storage.store.case_queries import SKILL, CaseFilters, errors_query
from storage.store.predictions import in_set_of, prediction_scores
from storage.store.reviews import accepted_skills
from storage.tables import samples
from storage.tables.diagnoses import predictions


@dataclass(frozen=True, kw_only=True)
class MissingSkill:
    """A missing skill in the reviewed wording, else that of the diagnosis: its ``errors``, and those ``accepted``.

    ``samples`` counts the answered validation samples of the categories in which it was found missing, ``right`` is the
    sum of their scores. Which right answers needed the skill is not known.
    """

    skill: str
    errors: int
    accepted: int
    samples: int
    right: float


def missing_skills(connection: Connection, round_id: RoundId) -> list[MissingSkill]:
    """The round's missing skills, most frequent first, then by name."""
    skill, category, errors = SKILL.label("skill"), samples.c.category.label("category"), func.count().label("errors")
    query = errors_query(select(skill, category, errors), round_id, CaseFilters(), None).order_by(None)
    found: dict[str, Counter[str]] = {}
    for row in connection.execute(query.group_by(skill, category)):
        if row.skill:
            found.setdefault(row.skill, Counter())[row.category] += row.errors
    accepted = {demand.skill: demand.errors for demand in accepted_skills(connection, round_id)}
    right, whole = _by_category(connection, round_id)
    rows = [
        MissingSkill(
            skill=skill,
            errors=places.total(),
            accepted=accepted.get(skill, 0),
            samples=sum(whole[each] for each in places),
            right=sum(right[each] for each in places),
        )
        for skill, places in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.errors, row.skill))


def skills_by_sample(connection: Connection, round_id: RoundId) -> dict[int, str]:
    """The missing skill of each error of the round, by sample: the reviewed one, else that of the diagnosis. Errors
    without one are left out."""
    query = errors_query(select(predictions.c.sample, SKILL.label("skill")), round_id, CaseFilters(), None)
    return {row.sample: row.skill for row in connection.execute(query) if row.skill}


def _by_category(connection: Connection, round_id: RoundId) -> tuple[dict[str, float], Counter[str]]:
    """The sum of scores and the number of the answered validation samples, by category."""
    scored = prediction_scores(connection, round_id, "validation")
    right: dict[str, float] = defaultdict(int)
    whole: Counter[str] = Counter()
    for sample, category in connection.execute(
        select(samples.c.id, samples.c.category).where(in_set_of(round_id, "validation"))
    ):
        if sample in scored:
            whole[category] += 1
            right[category] += scored[sample]
    return right, whole
