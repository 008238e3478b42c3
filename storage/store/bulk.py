"""Verdicts given to many cases in one action, and taken back in one. Each is a review of its case like any other."""

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
    """Append a verdict to each case; returns the number that names the action, None where there was no case.

    An accepted or edited case takes what is left open from its diagnosis. Raises UserError as ``add_review`` does, and
    then nothing is appended. The verdict "misread" needs an answer of its own for each case and is refused.
    """
    rows = []
    for case, review in decided:
        full = with_diagnosis(review, case.diagnosis)
        check_review(full, case.prediction, None)
        rows.append(values_of(full) | {"correct": None, "score": None, "undoes": None})
    return _append(connection, rows)


def undo_bulk_review(connection: Connection, bulk: int, reviewer: str) -> tuple[int, int | None]:
    """Take an action back: every case that it decided last gets what stood before, as a further action.

    Returns how many cases that are and the number of the further action; undoing that one does the action again. Cases
    that somebody decided since stay as they are.
    """
    earlier = reviews.alias("earlier")
    before = select(func.max(earlier.c.id)).where(
        earlier.c.round == reviews.c.round, earlier.c.sample == reviews.c.sample, earlier.c.id < reviews.c.id
    )
    stood = reviews.alias("stood")
    columns = [reviews.c.id, reviews.c.round, reviews.c.sample, *(stood.c[name] for name in VERDICT_COLUMNS)]
    query = (
        select(*columns)
        .select_from(bulk_reviews.join(reviews, reviews.c.id == bulk_reviews.c.review))
        .outerjoin(stood, stood.c.id == before.scalar_subquery())
        .where(bulk_reviews.c.bulk == bulk, reviews.c.id == latest_review(reviews.c.round, reviews.c.sample))
        .order_by(reviews.c.id)
    )
    rows = [_back(row, reviewer) for row in connection.execute(query)]
    return len(rows), _append(connection, rows)


def bulk_review_of(connection: Connection, review: int) -> tuple[int, int] | None:
    """The action that a review belongs to and how many cases it decided, None where it was given alone."""
    bulk = connection.scalar(select(bulk_reviews.c.bulk).where(bulk_reviews.c.review == review))
    if bulk is None:
        return None
    size = connection.execute(select(func.count()).where(bulk_reviews.c.bulk == bulk)).scalar_one()
    return bulk, size


def round_of_bulk_review(connection: Connection, bulk: int) -> RoundId | None:
    """The round in which an action decided its cases, None where there is no such action."""
    first = bulk_reviews.join(reviews, reviews.c.id == bulk_reviews.c.review)
    found: RoundId | None = connection.scalar(
        select(reviews.c.round).select_from(first).where(bulk_reviews.c.review == bulk)
    )
    return found


@dataclass(frozen=True, kw_only=True)
class BulkReviewSummary:
    """One action: its number, who gave which verdict (and skill) when, to how many cases; ``is_undo`` took one back."""

    bulk: int
    reviewer: str
    verdict: Verdict
    skill: str
    created: str
    cases: int
    is_undo: bool


def bulk_reviews_of(connection: Connection, round_id: RoundId) -> list[BulkReviewSummary]:
    """The round's newest actions over many cases, newest first."""
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


def _back(row: Row[Any], reviewer: str) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in VERDICT_COLUMNS}
    if row.verdict is None:
        values |= {"verdict": "cleared", "skill": "", "note": ""}
    return values | {"round": row.round, "sample": row.sample, "reviewer": reviewer, "undoes": row.id}


def _append(connection: Connection, rows: list[dict[str, Any]]) -> int | None:
    """Insert the rows as one action. The ids are given here: the write lock is held, so nobody else takes them."""
    if not rows:
        return None
    first = (connection.scalar(select(func.max(reviews.c.id))) or 0) + 1
    now = utc_now()
    connection.execute(insert(reviews), [row | {"id": first + place, "created": now} for place, row in enumerate(rows)])
    connection.execute(insert(bulk_reviews), [{"review": first + place, "bulk": first} for place in range(len(rows))])
    return first
