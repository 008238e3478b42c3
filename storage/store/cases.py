"""The errors of a round as a person reviews them: sample, prediction, diagnosis and the verdict that stands, paged.

Pages are keyset pages: a page starts after the last case of the one before, by an order that no review changes. So
paging visits every case once even while people review, and the hundredth page costs what the first does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

from core.types import Diagnosis, Prediction, Review, Sample, SwitchStatus, Verdict
from storage.rows import (
    DIAGNOSIS,
    PREDICTION,
    REVIEW,
    SAMPLE,
    diagnosis_of,
    latest_review,
    prefixed,
    unprefixed,
)
from storage.store.diagnoses import wrong_of
from storage.store.predictions import label_is_wrong
from storage.tables import diagnoses, predictions, reviews, samples

Order = Literal["least_sure", "skill", "id"]
Cursor = tuple[float | str | None, int]


@dataclass(frozen=True, kw_only=True)
class CaseFilters:
    """Which cases are shown; what is None is not asked for, the rest must all hold.

    ``skill`` and ``mistake_step`` are those that a person decided on, else the machine's. ``confidence`` is a half-open
    range [low, high) of the machine's confidence; ``reviewer`` gave the verdict that stands. Every word of ``text``
    must begin a word of question, rationale or skill.
    """

    verdict: Verdict | Literal["unreviewed"] | None = None
    category: str | None = None
    skill: str | None = None
    mistake_step: int | None = None
    status: SwitchStatus | Literal["undiagnosed"] | None = None
    confidence: tuple[float, float] | None = None
    reviewer: str | None = None
    text: str | None = None


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
        if self.review is not None and self.review.verdict in DECIDED:
            return self.review.skill
        return "" if self.diagnosis is None else self.diagnosis.skill

    @property
    def mistake_step(self) -> int | None:
        """The mistake step as a person decided, else as the machine found it."""
        if self.review is not None and self.review.verdict in DECIDED:
            return self.review.mistake_step
        return None if self.diagnosis is None else self.diagnosis.switch.mistake_step


@dataclass(frozen=True, kw_only=True)
class Facets:
    """How many cases each value of a filter would show, most first."""

    verdict: dict[str, int]
    category: dict[str, int]
    skill: dict[str, int]
    mistake_step: dict[int, int]
    status: dict[str, int]
    reviewer: dict[str, int]


DECIDED: tuple[Verdict, ...] = ("accepted", "edited")
_DECIDED = reviews.c.verdict.in_(DECIDED)
_VERDICT = func.coalesce(func.nullif(reviews.c.verdict, "cleared"), "unreviewed")
SKILL = case((_DECIDED, reviews.c.skill), else_=diagnoses.c.skill)
_STEP = case((_DECIDED, reviews.c.mistake_step), else_=diagnoses.c.mistake_step)
_REVIEWER = case((_VERDICT != "unreviewed", reviews.c.reviewer))
_STATUS = func.coalesce(diagnoses.c.status, "undiagnosed")
_LABEL_WRONG = label_is_wrong(predictions.c.sample).label("label_wrong")
_CORRECT = case((reviews.c.verdict == "misread", reviews.c.correct), else_=predictions.c.correct).label("scored")


def cases_page(
    c: Connection,
    round_id: int,
    *,
    after: Cursor | None = None,
    limit: int,
    filters: CaseFilters = CaseFilters(),
    order: Order = "least_sure",
) -> list[Case]:
    """The next ``limit`` cases after ``after`` (a ``cursor_of``; None: from the start).

    "least_sure" is by the machine's confidence, "skill" by the machine's skill, each with the cases that have no
    diagnosis at the end, by sample; "id" is by sample.
    """
    columns = [*prefixed(SAMPLE, samples), *prefixed(PREDICTION, predictions), *prefixed(DIAGNOSIS, diagnoses)]
    query = select(*columns, *prefixed(REVIEW, reviews), _LABEL_WRONG, _CORRECT)
    if order == "id":
        return _fetch(c, errors_query(query, round_id, filters, after), limit)
    key = diagnoses.c.confidence if order == "least_sure" else diagnoses.c.skill
    found: list[Case] = []
    if after is None or after[0] is not None:
        found = _fetch(c, _diagnosed(query, round_id, filters, after, key), limit)
        after = None
    if len(found) < limit:
        undiagnosed = errors_query(query, round_id, filters, after).where(diagnoses.c.sample.is_(None))
        found += _fetch(c, undiagnosed, limit - len(found))
    return found


def cursor_of(case: Case, order: Order = "least_sure") -> Cursor:
    """Where a case stands in an order: what ``cases_page`` goes on after. Two JSON values, fit for a page to keep."""
    if order == "id" or case.diagnosis is None:
        return None, case.sample.id
    return case.diagnosis.switch.confidence if order == "least_sure" else case.diagnosis.skill, case.sample.id


def case_of(c: Connection, round_id: int, sample_id: int) -> Case | None:
    """The case of one sample, if it is an error of the round."""
    found = cases_page(c, round_id, after=(None, sample_id - 1), limit=1, order="id")
    return found[0] if found and found[0].sample.id == sample_id else None


def count_cases(c: Connection, round_id: int, filters: CaseFilters = CaseFilters()) -> int:
    """How many cases the filters show."""
    counted: int = c.execute(errors_query(select(func.count()), round_id, filters, None).order_by(None)).scalar_one()
    return counted


def facet_counts(c: Connection, round_id: int, filters: CaseFilters = CaseFilters()) -> Facets:
    """For each filter its values and their counts, with the other filters kept as they are."""
    columns: dict[str, ColumnElement[Any]] = {
        "verdict": _VERDICT,
        "category": samples.c.category,
        "skill": SKILL,
        "mistake_step": _STEP,
        "status": _STATUS,
        "reviewer": _REVIEWER,
    }
    others = {name: replace(filters, **{name: None}) for name in columns}
    return Facets(**{name: _facet(c, round_id, others[name], column) for name, column in columns.items()})


def _facet(c: Connection, round_id: int, filters: CaseFilters, column: ColumnElement[Any]) -> dict[Any, int]:
    value, number = column.label("value"), func.count().label("number")
    query = errors_query(select(value, number), round_id, filters, None).order_by(None).group_by(value)
    found = [(row.value, row.number) for row in c.execute(query) if row.value not in (None, "")]
    return dict(sorted(found, key=lambda pair: (-pair[1], str(pair[0]))))


def _fetch(c: Connection, query: Select[Any], limit: int) -> list[Case]:
    return [_case_of(row) for row in c.execute(query.limit(limit))]


def _case_of(row: Row[Any]) -> Case:
    found, said = unprefixed(row, diagnoses), unprefixed(row, reviews)
    return Case(
        sample=Sample(**unprefixed(row, samples)),
        prediction=Prediction(**unprefixed(row, predictions)),
        diagnosis=None if found["sample"] is None else diagnosis_of(found),
        review=None if said["verdict"] in (None, "cleared") else Review(**said),
        correct=None if row.label_wrong else bool(row.scored),
    )


def errors_query(query: Select[Any], round_id: int, filters: CaseFilters, after: Cursor | None) -> Select[Any]:
    """A query over the round's errors that pass the filters, by sample, diagnosed or not."""
    same = and_(diagnoses.c.round == predictions.c.round, diagnoses.c.sample == predictions.c.sample)
    joined = predictions.join(samples, samples.c.id == predictions.c.sample).outerjoin(diagnoses, same)
    query = query.select_from(joined.outerjoin(reviews, _STANDING))
    query = query.where(predictions.c.round == round_id, wrong_of(round_id), *_conditions(filters, round_id))
    if after is not None:
        query = query.where(predictions.c.sample > after[1])
    return query.order_by(predictions.c.sample)


def _diagnosed(
    query: Select[Any], round_id: int, filters: CaseFilters, after: Cursor | None, key: ColumnElement[Any]
) -> Select[Any]:
    """The diagnosed errors in the order of an index on (round, key, sample)."""
    same = and_(predictions.c.round == diagnoses.c.round, predictions.c.sample == diagnoses.c.sample)
    joined = diagnoses.join(predictions, same).join(samples, samples.c.id == diagnoses.c.sample)
    query = query.select_from(joined.outerjoin(reviews, _STANDING))
    query = query.where(diagnoses.c.round == round_id, wrong_of(round_id), *_conditions(filters, round_id))
    if after is not None:
        query = query.where(tuple_(key, diagnoses.c.sample) > tuple_(*after))
    return query.order_by(key, diagnoses.c.sample)


_STANDING = reviews.c.id == latest_review(predictions.c.round, predictions.c.sample)


def _conditions(filters: CaseFilters, round_id: int) -> Sequence[ColumnElement[bool]]:
    asked = {
        _VERDICT: filters.verdict,
        samples.c.category: filters.category,
        SKILL: filters.skill,
        _STEP: filters.mistake_step,
        _STATUS: filters.status,
        _REVIEWER: filters.reviewer,
    }
    conditions = [column == value for column, value in asked.items() if value is not None]
    if filters.confidence is not None:
        low, high = filters.confidence
        sure = diagnoses.c.confidence + 0.0  # no column, so that SQLite keeps to the index of the order asked for
        conditions.append(and_(sure >= low, sure < high))
    if filters.text:
        conditions.append(_says(filters.text, round_id))
    return conditions


def _says(text: str, round_id: int) -> ColumnElement[bool]:
    """Whether every word of the text begins a word of the case; a text without a word is in no case."""
    words = re.findall(r"\w+", text.replace("_", " "))
    if not words:
        return false()
    wanted = " AND ".join(f'"{word}"*' for word in words)
    asked = f"scope:r{round_id} AND {{question rationale skill}}:({wanted})"
    found: Select[Any] = select(literal_column("sample")).select_from(table("case_texts"))
    return predictions.c.sample.in_(found.where(literal_column("case_texts").op("MATCH")(asked)))
