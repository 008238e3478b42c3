"""Queries over the errors of a round: filters, orders, and the rows of a page.

Knows conditions and joins; the caller chooses the columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    false,
    func,
    literal_column,
    select,
    table,
    tuple_,
)

from core.types import ReviewState, RoundId, SwitchStatus
from storage.rows import latest_review
from storage.store.diagnoses import is_error_of
from storage.store.reviews import SKILL_VERDICTS
from storage.tables import reviews, samples
from storage.tables.diagnoses import diagnoses, predictions

Order = Literal["least_sure", "skill", "id"]
Cursor = tuple[float | str | None, int]


@dataclass(frozen=True, kw_only=True)
class CaseFilters:
    """A filter on cases; all fields that are not None must match.

    ``skill`` and ``mistake_step`` are the reviewed ones, else those of the diagnosis. ``confidence`` is a half-open
    range [low, high) of the diagnosis's confidence; ``reviewer`` gave the current verdict. Every word of ``text`` must
    be the start of a word of question, rationale or skill.
    """

    verdict: ReviewState | None = None
    category: str | None = None
    skill: str | None = None
    mistake_step: int | None = None
    status: SwitchStatus | Literal["undiagnosed", "unclear"] | None = None
    confidence: tuple[float, float] | None = None
    reviewer: str | None = None
    text: str | None = None


NO_FILTERS = CaseFilters()
_DECIDED = reviews.c.verdict.in_(SKILL_VERDICTS)
CURRENT_VERDICT = func.nullif(reviews.c.verdict, "cleared")
VERDICT = func.coalesce(CURRENT_VERDICT, "unreviewed")
SKILL = case((_DECIDED, reviews.c.skill), else_=diagnoses.c.skill)
STEP = case((_DECIDED, reviews.c.mistake_step), else_=diagnoses.c.mistake_step)
REVIEWER = case((VERDICT != "unreviewed", reviews.c.reviewer))
# What was not diagnosed is listed apart where its answer is unclear: that is for a person to set right.
STATUS = func.coalesce(diagnoses.c.status, case((predictions.c.answer.is_(None), "unclear"), else_="undiagnosed"))


def rows_of_page(
    connection: Connection,
    query: Select[Any],
    round_id: RoundId,
    *,
    after: Cursor | None,
    limit: int,
    filters: CaseFilters,
    order: Order,
) -> list[Row[Any]]:
    """The rows of a page of cases, with the columns of ``query``."""

    def fetch(selected: Select[Any], most: int) -> list[Row[Any]]:
        return list(connection.execute(selected.limit(most)))

    if order == "id":
        return fetch(errors_query(query, round_id, filters, after), limit)
    key = diagnoses.c.confidence if order == "least_sure" else diagnoses.c.skill
    found: list[Row[Any]] = []
    if after is None or after[0] is not None:
        found = fetch(_diagnosed(query, round_id, filters, after, key), limit)
        after = None
    if len(found) < limit:
        undiagnosed = errors_query(query, round_id, filters, after).where(diagnoses.c.sample.is_(None))
        found += fetch(undiagnosed, limit - len(found))
    return found


def errors_query(query: Select[Any], round_id: RoundId, filters: CaseFilters, after: Cursor | None) -> Select[Any]:
    """A query over the round's errors that pass the filters, by sample, diagnosed or not."""
    same = and_(diagnoses.c.round == predictions.c.round, diagnoses.c.sample == predictions.c.sample)
    joined = predictions.join(samples, samples.c.id == predictions.c.sample).outerjoin(diagnoses, same)
    query = query.select_from(joined.outerjoin(reviews, _IS_CURRENT))
    query = query.where(predictions.c.round == round_id, is_error_of(round_id), *_conditions(filters, round_id))
    if after is not None:
        query = query.where(predictions.c.sample > after[1])
    return query.order_by(predictions.c.sample)


def _diagnosed(
    query: Select[Any], round_id: RoundId, filters: CaseFilters, after: Cursor | None, key: ColumnElement[Any]
) -> Select[Any]:
    """The diagnosed errors in the order of an index on (round, key, sample)."""
    same = and_(predictions.c.round == diagnoses.c.round, predictions.c.sample == diagnoses.c.sample)
    joined = diagnoses.join(predictions, same).join(samples, samples.c.id == diagnoses.c.sample)
    query = query.select_from(joined.outerjoin(reviews, _IS_CURRENT))
    query = query.where(diagnoses.c.round == round_id, is_error_of(round_id), *_conditions(filters, round_id))
    if after is not None:
        query = query.where(tuple_(key, diagnoses.c.sample) > tuple_(*after))
    return query.order_by(key, diagnoses.c.sample)


_IS_CURRENT = reviews.c.id == latest_review(predictions.c.round, predictions.c.sample)


def _conditions(filters: CaseFilters, round_id: RoundId) -> Sequence[ColumnElement[bool]]:
    wanted_values = {
        VERDICT: filters.verdict,
        samples.c.category: filters.category,
        SKILL: filters.skill,
        STEP: filters.mistake_step,
        STATUS: filters.status,
        REVIEWER: filters.reviewer,
    }
    conditions = [column == value for column, value in wanted_values.items() if value is not None]
    if filters.confidence is not None:
        low, high = filters.confidence
        confidence = diagnoses.c.confidence + 0.0  # an expression, so that SQLite uses the index of the order
        conditions.append(and_(confidence >= low, confidence < high))
    if filters.text:
        conditions.append(_matches_text(filters.text, round_id))
    return conditions


def _matches_text(text: str, round_id: RoundId) -> ColumnElement[bool]:
    """The condition that every word of the text starts a word of the case; false for a text without words."""
    words = re.findall(r"\w+", text.replace("_", " "))
    if not words:
        return false()
    wanted = " AND ".join(f'"{word}"*' for word in words)
    expression = f"scope:r{round_id} AND {{question rationale skill}}:({wanted})"
    found: Select[Any] = select(literal_column("sample")).select_from(table("case_texts"))
    return predictions.c.sample.in_(found.where(literal_column("case_texts").op("MATCH")(expression)))
