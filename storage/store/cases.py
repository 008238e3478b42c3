"""The errors of a round as a person reviews them: sample, prediction, diagnosis and the verdict that stands, paged.

Pages are keyset pages: a page starts after the last case of the one before, by an order that no review changes. So
paging visits every case once even while people review, and the hundredth page costs what the first does.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select

from core.types import Diagnosis, Prediction, Review, RoundId, Sample, Verdict
from storage.rows import DIAGNOSIS, PREDICTION, REVIEW, SAMPLE, diagnosis_from_row, noun_of, prefixed, unprefixed
from storage.store.case_queries import (
    NO_FILTERS,
    REVIEWER,
    SKILL,
    STANDS,
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
    """One error: ``diagnosis`` is None where it could not be made (yet), ``review`` where no verdict stands.

    ``correct`` is the score with the verdict applied: None where the label is wrong.
    """

    sample: Sample
    prediction: Prediction
    diagnosis: Diagnosis | None
    review: Review | None
    correct: bool | None

    @property
    def skill(self) -> str:
        """The missing skill as a person decided, else as the machine said; "" where neither did."""
        if self.review is not None and self.review.verdict in SKILL_VERDICTS:
            return self.review.skill
        return "" if self.diagnosis is None else self.diagnosis.skill

    @property
    def mistake_step(self) -> int | None:
        """The mistake step as a person decided, else as the machine found it."""
        if self.review is not None and self.review.verdict in SKILL_VERDICTS:
            return self.review.mistake_step
        return None if self.diagnosis is None else self.diagnosis.switch.mistake_step


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """What a list says of a case: ``verdict`` is the one that stands, ``skill`` and ``mistake_step`` as people decided,
    else as the machine said; ``confidence`` and ``machine_skill`` are the diagnosis's, None where there is none.
    """

    sample: int
    question: str
    verdict: Verdict | None
    skill: str
    mistake_step: int | None
    confidence: float | None
    machine_skill: str | None

    def cursor(self, order: Order) -> Cursor:
        """Where the line stands in an order, as ``cursor_of`` says it of a case."""
        if order == "id":
            return None, self.sample
        return self.confidence if order == "least_sure" else self.machine_skill, self.sample


@dataclass(frozen=True, kw_only=True)
class Facets:
    """How many cases each value of a filter would show, most first."""

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

    "least_sure" is by the machine's confidence, "skill" by the machine's skill, each with the cases that have no
    diagnosis at the end, by sample; "id" is by sample.
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
    """The lines of the cases that ``cases_page`` gives, at a tenth of its cost: no rationale or curve is read."""
    query = select(
        samples.c.id.label("sample"),
        samples.c.question,
        STANDS.label("verdict"),
        func.coalesce(SKILL, "").label("skill"),
        STEP.label("mistake_step"),
        diagnoses.c.confidence,
        diagnoses.c.skill.label("machine_skill"),
    )
    found = rows_of_page(connection, query, round_id, after=after, limit=limit, filters=filters, order=order)
    return [noun_of(CaseLine, row) for row in found]


def cursor_of(case: Case, order: Order = "least_sure") -> Cursor:
    """Where a case stands in an order: what ``cases_page`` goes on after. Two JSON values, fit for a page to keep."""
    if order == "id" or case.diagnosis is None:
        return None, case.sample.id
    return case.diagnosis.switch.confidence if order == "least_sure" else case.diagnosis.skill, case.sample.id


def case_of(connection: Connection, round_id: RoundId, sample_id: int) -> Case | None:
    """The case of one sample, if it is an error of the round."""
    found = cases_page(connection, round_id, after=(None, sample_id - 1), limit=1, order="id")
    return found[0] if found and found[0].sample.id == sample_id else None


def count_cases(connection: Connection, round_id: RoundId, filters: CaseFilters = NO_FILTERS) -> int:
    """How many cases the filters show."""
    counted: int = connection.execute(
        errors_query(select(func.count()), round_id, filters, None).order_by(None)
    ).scalar_one()
    return counted


def facet_counts(connection: Connection, round_id: RoundId, filters: CaseFilters = NO_FILTERS) -> Facets:
    """For each filter its values and their counts, with the other filters kept as they are."""
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
