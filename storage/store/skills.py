"""The skills that a round's errors lack, and how the student does where each of them was found missing."""

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
    """A missing skill as people worded it, else as the machine did: the errors that lack it, of them ``accepted``.

    ``samples`` counts the answered validation samples of the categories in which it was found missing, ``right`` those
    of them that the student gets right (the sum of their scores). Which right answers needed the skill is not known.
    """

    skill: str
    errors: int
    accepted: int
    samples: int
    right: float


def missing_skills(connection: Connection, round_id: RoundId) -> list[MissingSkill]:
    """The round's missing skills, most frequent first, equal ones by name."""
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
    """The skill that each error of the round was found to lack, by sample: as people worded it, else as the machine
    did. Errors without one are missing."""
    query = errors_query(select(predictions.c.sample, SKILL.label("skill")), round_id, CaseFilters(), None)
    return {row.sample: row.skill for row in connection.execute(query) if row.skill}


def _by_category(connection: Connection, round_id: RoundId) -> tuple[dict[str, float], Counter[str]]:
    """What the answered validation samples of each category score together, and how many there are."""
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
