"""The errors of a round for review: sample, prediction, diagnosis and current verdict, in pages.

Pages are keyset pages: each starts after the last case of the previous one, in an order that reviews do not change. So
paging visits every case once even while people review, and all pages cost the same.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from core.types import Diagnosis, Prediction, Review, RoundId, Sample, Verdict
from storage.rows import DIAGNOSIS, PREDICTION, REVIEW, SAMPLE, diagnosis_from_row, noun_of, prefixed, unprefixed
from storage.store.case_queries import (
    CURRENT_VERDICT,
    NO_FILTERS,
    REVIEWER,
    SKILL,
    STATUS,
    STEP,
    VERDICT,
    CaseFilters,
    Cursor,
    Order,
    errors_query,
    rows_of_page,
)
from storage.store.predictions import label_is_wrong
from storage.store.reviews import SKILL_VERDICTS
from storage.tables import reviews, samples
from storage.tables.diagnoses import diagnoses, predictions


@dataclass(frozen=True, kw_only=True)
class Case:
    """One error. ``diagnosis`` is None where there is none (yet), ``review`` where there is no current verdict.

    ``correct`` is the score after the verdict: None where the label is wrong.
    """

    sample: Sample
    prediction: Prediction
    diagnosis: Diagnosis | None
    review: Review | None
    correct: bool | None

    @property
    def skill(self) -> str:
        """The reviewed missing skill, else that of the diagnosis; "" where there is neither."""
        if self.review is not None and self.review.verdict in SKILL_VERDICTS:
            return self.review.skill
        return "" if self.diagnosis is None else self.diagnosis.skill

    @property
    def mistake_step(self) -> int | None:
        """The reviewed mistake step, else that of the diagnosis."""
        if self.review is not None and self.review.verdict in SKILL_VERDICTS:
            return self.review.mistake_step
        return None if self.diagnosis is None else self.diagnosis.switch.mistake_step


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case in a list: the current ``verdict``, the reviewed ``skill`` and ``mistake_step``, else those of the
    diagnosis; ``confidence`` and ``machine_skill`` are those of the diagnosis, None where there is none."""

    sample: int
    question: str
    verdict: Verdict | None
    skill: str
    mistake_step: int | None
    confidence: float | None
    machine_skill: str | None

    def cursor(self, order: Order) -> Cursor:
        """The cursor of the line, like ``cursor_of`` for a case."""
        if order == "id":
            return None, self.sample
        return self.confidence if order == "least_sure" else self.machine_skill, self.sample


@dataclass(frozen=True, kw_only=True)
class Facets:
    """How many cases each value of a filter would match, most first."""

    verdict: dict[str, int]
    category: dict[str, int]
    skill: dict[str, int]
    mistake_step: dict[int, int]
    status: dict[str, int]
    reviewer: dict[str, int]


_LABEL_WRONG = label_is_wrong(predictions.c.sample).label("label_wrong")
_CORRECT = case((reviews.c.verdict == "misread", reviews.c.correct), else_=predictions.c.correct).label("scored")


def cases_page(
    connection: Connection,
    round_id: RoundId,
    *,
    after: Cursor | None = None,
    limit: int,
    filters: CaseFilters = NO_FILTERS,
    order: Order = "least_sure",
) -> list[Case]:
    """The next ``limit`` cases after ``after`` (a ``cursor_of``; None: from the start).

    "least_sure" orders by the diagnosis's confidence, "skill" by its skill, each with undiagnosed cases at the end;
    "id" orders by sample.
    """
    columns = [*prefixed(SAMPLE, samples), *prefixed(PREDICTION, predictions), *prefixed(DIAGNOSIS, diagnoses)]
    query = select(*columns, *prefixed(REVIEW, reviews), _LABEL_WRONG, _CORRECT)
    found = rows_of_page(connection, query, round_id, after=after, limit=limit, filters=filters, order=order)
    return [_case_of(row) for row in found]


def lines_page(
    connection: Connection,
    round_id: RoundId,
    *,
    after: Cursor | None = None,
    limit: int,
    filters: CaseFilters,
    order: Order,
) -> list[CaseLine]:
    """Like ``cases_page``, as lines and at a tenth of the cost: no rationale or curve is read."""
    query = select(
        samples.c.id.label("sample"),
        samples.c.question,
        CURRENT_VERDICT.label("verdict"),
        func.coalesce(SKILL, "").label("skill"),
        STEP.label("mistake_step"),
        diagnoses.c.confidence,
        diagnoses.c.skill.label("machine_skill"),
    )
    found = rows_of_page(connection, query, round_id, after=after, limit=limit, filters=filters, order=order)
    return [noun_of(CaseLine, row) for row in found]


def cursor_of(case: Case, order: Order = "least_sure") -> Cursor:
    """The position of a case in an order, for ``cases_page``; two JSON values."""
    if order == "id" or case.diagnosis is None:
        return None, case.sample.id
    return case.diagnosis.switch.confidence if order == "least_sure" else case.diagnosis.skill, case.sample.id


def case_of(connection: Connection, round_id: RoundId, sample_id: int) -> Case | None:
    """The case of one sample, if it is an error of the round."""
    found = cases_page(connection, round_id, after=(None, sample_id - 1), limit=1, order="id")
    return found[0] if found and found[0].sample.id == sample_id else None


def count_cases(connection: Connection, round_id: RoundId, filters: CaseFilters = NO_FILTERS) -> int:
    """How many cases match the filters."""
    counted: int = connection.execute(
        errors_query(select(func.count()), round_id, filters, None).order_by(None)
    ).scalar_one()
    return counted


def facet_counts(connection: Connection, round_id: RoundId, filters: CaseFilters = NO_FILTERS) -> Facets:
    """For each filter its values and their counts, under the other filters."""
    columns: dict[str, ColumnElement[Any]] = {
        "verdict": VERDICT,
        "category": samples.c.category,
        "skill": SKILL,
        "mistake_step": STEP,
        "status": STATUS,
        "reviewer": REVIEWER,
    }
    others = {name: replace(filters, **{name: None}) for name in columns}
    return Facets(**{name: _facet(connection, round_id, others[name], column) for name, column in columns.items()})


def _facet(
    connection: Connection, round_id: RoundId, filters: CaseFilters, column: ColumnElement[Any]
) -> dict[Any, int]:
    value, number = column.label("value"), func.count().label("number")
    query = errors_query(select(value, number), round_id, filters, None).order_by(None).group_by(value)
    found = [(row.value, row.number) for row in connection.execute(query) if row.value not in (None, "")]
    return dict(sorted(found, key=lambda pair: (-pair[1], str(pair[0]))))


def _case_of(row: Row[Any]) -> Case:
    found, said = unprefixed(row, diagnoses), unprefixed(row, reviews)
    return Case(
        sample=Sample(**unprefixed(row, samples)),
        prediction=Prediction(**unprefixed(row, predictions)),
        diagnosis=None if found["sample"] is None else diagnosis_from_row(found),
        review=None if said["verdict"] in (None, "cleared") else Review(**said),
        correct=None if row.label_wrong else bool(row.scored),
    )
