"""Bulk reviews: verdicts given to many cases, and undone, in one action. Each is an ordinary review of its case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from core.types import Review, RoundId, Verdict
from storage.rows import latest_review, noun_of, values_of
from storage.store.cases import Case
from storage.store.reviews import check_review, with_diagnosis
from storage.tables import bulk_reviews, reviews
from storage.tables.columns import utc_now

MAX_SHOWN = 30
VERDICT_COLUMNS = ("verdict", "mistake_step", "skill", "answer", "correct", "score", "note")


def add_bulk_review(connection: Connection, decided: Sequence[tuple[Case, Review]]) -> int | None:
    """Append a verdict to each case; returns the id of the bulk review, None where there was no case.

    An accepted or edited case takes an open step or skill from its diagnosis. Raises UserError like ``add_review``, and
    appends nothing then. The verdict "misread" needs an answer for each case and is refused.
    """
    rows = []
    for case, review in decided:
        full = with_diagnosis(review, case.diagnosis)
        check_review(full, case.prediction, None)
        rows.append(values_of(full) | {"correct": None, "score": None, "undoes": None})
    return _append(connection, rows)


def undo_bulk_review(connection: Connection, bulk: int, reviewer: str) -> tuple[int, int | None]:
    """Undo a bulk review: each case that it decided last gets its previous verdict, in a new bulk review.

    Returns the number of cases and the id of the new bulk review; undoing that one is a redo. Cases that were decided
    since are left alone.
    """
    earlier = reviews.alias("earlier")
    before = select(func.max(earlier.c.id)).where(
        earlier.c.round == reviews.c.round, earlier.c.sample == reviews.c.sample, earlier.c.id < reviews.c.id
    )
    previous = reviews.alias("stood")
    columns = [reviews.c.id, reviews.c.round, reviews.c.sample, *(previous.c[name] for name in VERDICT_COLUMNS)]
    query = (
        select(*columns)
        .select_from(bulk_reviews.join(reviews, reviews.c.id == bulk_reviews.c.review))
        .outerjoin(previous, previous.c.id == before.scalar_subquery())
        .where(bulk_reviews.c.bulk == bulk, reviews.c.id == latest_review(reviews.c.round, reviews.c.sample))
        .order_by(reviews.c.id)
    )
    rows = [_undo_values(row, reviewer) for row in connection.execute(query)]
    return len(rows), _append(connection, rows)


def bulk_review_of(connection: Connection, review: int) -> tuple[int, int] | None:
    """The id of the bulk review that a review belongs to, and its number of cases; None for a single review."""
    bulk = connection.scalar(select(bulk_reviews.c.bulk).where(bulk_reviews.c.review == review))
    if bulk is None:
        return None
    size = connection.execute(select(func.count()).where(bulk_reviews.c.bulk == bulk)).scalar_one()
    return bulk, size


def round_of_bulk_review(connection: Connection, bulk: int) -> RoundId | None:
    """The round of a bulk review, None for an unknown id."""
    first = bulk_reviews.join(reviews, reviews.c.id == bulk_reviews.c.review)
    found: RoundId | None = connection.scalar(
        select(reviews.c.round).select_from(first).where(bulk_reviews.c.review == bulk)
    )
    return found


@dataclass(frozen=True, kw_only=True)
class BulkReviewSummary:
    """One bulk review: who gave which verdict (and skill) when, to how many cases; ``is_undo`` marks an undo."""

    bulk: int
    reviewer: str
    verdict: Verdict
    skill: str
    created: str
    cases: int
    is_undo: bool


def bulk_reviews_of(connection: Connection, round_id: RoundId) -> list[BulkReviewSummary]:
    """The round's newest bulk reviews, newest first."""
    first, cases = reviews, func.count().label("cases")
    query = (
        select(first.c.id.label("bulk"), first.c.reviewer, first.c.verdict, first.c.skill, first.c.created, cases,
               first.c.undoes.is_not(None).label("is_undo"))
        .select_from(bulk_reviews.join(first, first.c.id == bulk_reviews.c.bulk))
        .where(first.c.round == round_id)
        .group_by(bulk_reviews.c.bulk)
        .order_by(bulk_reviews.c.bulk.desc())
        .limit(MAX_SHOWN)
    )  # fmt: skip
    return [noun_of(BulkReviewSummary, row) for row in connection.execute(query)]


def _undo_values(row: Row[Any], reviewer: str) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in VERDICT_COLUMNS}
    if row.verdict is None:
        values |= {"verdict": "cleared", "skill": "", "note": ""}
    return values | {"round": row.round, "sample": row.sample, "reviewer": reviewer, "undoes": row.id}


def _append(connection: Connection, rows: list[dict[str, Any]]) -> int | None:
    """Insert the rows as one bulk review. The ids can be chosen here since the caller holds the write lock."""
    if not rows:
        return None
    first = (connection.scalar(select(func.max(reviews.c.id))) or 0) + 1
    now = utc_now()
    connection.execute(insert(reviews), [row | {"id": first + place, "created": now} for place, row in enumerate(rows)])
    connection.execute(insert(bulk_reviews), [{"review": first + place, "bulk": first} for place in range(len(rows))])
    return first
