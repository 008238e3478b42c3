"""Lineage: from an error to the training samples chosen for it, and back.

Scores are in ``paired_scores``, the selections that users see in ``selections``.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, func, select

from core.errors import UserError
from core.types import Hit, Review, Role, RoundId
from storage.rows import REVIEW, noun_of
from storage.store.reviews import SKILL_VERDICTS
from storage.tables import hits, reviews, sample_sets, samples


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The set of a sample: one of a project (``name`` is "" then), or a support set with its name."""

    project: int | None
    role: Role
    name: str


@dataclass(frozen=True, kw_only=True)
class ChosenHit:
    """A hit with its selection and its position there, counted from 1."""

    selection: int
    position: int
    hit: Hit


_HIT = (hits.c.selection, hits.c.position, hits.c.sample, hits.c.skill, hits.c.score, hits.c.terms)


def origin_of(connection: Connection, sample_id: int) -> Origin:
    """The set of a sample. Raises UserError for an unknown id."""
    query = select(sample_sets.c.project, sample_sets.c.role, sample_sets.c.name)
    joined = query.join(samples, samples.c.sample_set == sample_sets.c.id).where(samples.c.id == sample_id)
    row = connection.execute(joined).one_or_none()
    if row is None:
        raise UserError(f"There is no sample {sample_id}: choose one from a list.")
    return Origin(project=row.project, role=row.role, name=row.name)


def hits_of_skill(connection: Connection, selection_id: int, skill: str, *, limit: int) -> list[ChosenHit]:
    """The selection's first hits for a skill, in the order chosen."""
    # The positions come from the index on skills, so that a rare skill is not searched in the whole selection.
    asked = select(hits.c.position).where(hits.c.selection == selection_id, hits.c.skill == skill)
    places = asked.order_by(hits.c.position).limit(limit).scalar_subquery()
    query = select(*_HIT).where(hits.c.selection == selection_id, hits.c.position.in_(places))
    return _chosen(connection, query.order_by(hits.c.position))


def count_hits_of_skill(connection: Connection, selection_id: int, skill: str) -> int:
    """How many hits of the selection were chosen for a skill."""
    query = select(func.count()).select_from(hits).where(hits.c.selection == selection_id, hits.c.skill == skill)
    return connection.execute(query).scalar_one()


def hits_of_sample(connection: Connection, sample_id: int) -> list[ChosenHit]:
    """Every hit on a support sample, newest selection first."""
    return _chosen(connection, select(*_HIT).where(hits.c.sample == sample_id).order_by(hits.c.selection.desc()))


def review_at(connection: Connection, round_id: RoundId, sample_id: int, moment: str) -> Review | None:
    """The verdict in force on a case at a time (UTC, ISO 8601); None where there was none."""
    case = and_(reviews.c.round == round_id, reviews.c.sample == sample_id, reviews.c.created <= moment)
    row = connection.execute(select(*REVIEW).where(case).order_by(reviews.c.id.desc()).limit(1)).one_or_none()
    return None if row is None or row.verdict == "cleared" else noun_of(Review, row)


def errors_asking_at(connection: Connection, round_id: RoundId, skill: str, moment: str) -> list[int]:
    """The samples of the errors whose accepted verdict named this skill at a time, in order of sample.

    At the time of a selection from the round these are the errors that its hits for the skill were chosen for.
    """
    later = reviews.alias("newer")
    newest = select(func.max(later.c.id)).where(
        later.c.round == reviews.c.round, later.c.sample == reviews.c.sample, later.c.created <= moment
    )
    query = select(reviews.c.sample).where(
        reviews.c.round == round_id,
        reviews.c.skill == skill,
        reviews.c.verdict.in_(SKILL_VERDICTS),
        reviews.c.id == newest.scalar_subquery(),
    )
    return list(connection.scalars(query.order_by(reviews.c.sample)))


def _chosen(
    connection: Connection, query: Select[tuple[int, int, int, str, float, tuple[str, ...]]]
) -> list[ChosenHit]:
    return [
        ChosenHit(
            selection=row.selection,
            position=row.position,
            hit=Hit(sample=row.sample, skill=row.skill, score=row.score, terms=row.terms),
        )
        for row in connection.execute(query)
    ]
