"""Two rounds on the same samples: the scores of each sample in both. Knows no statistics."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, select

from core.types import Prediction, Role, RoundId
from storage.rows import PREDICTION, among, latest_review, noun_of
from storage.store.predictions import in_set_of, label_is_wrong
from storage.tables import reviews, samples
from storage.tables.diagnoses import predictions


@dataclass(frozen=True, kw_only=True)
class ScorePair:
    """A sample answered in two rounds: whether each answer counts as right, and its score (0 to 1)."""

    sample: int
    category: str
    right_before: bool
    right_after: bool
    score_before: float
    score_after: float


def score_pairs_of(connection: Connection, before: RoundId, after: RoundId, role: Role) -> list[ScorePair]:
    """The samples of the validation or test set that both rounds (ids) answered, by sample.

    Scored like ``prediction_scores``: corrected readings count as corrected, and samples with a wrong label are left
    out.
    """
    first, second = predictions.alias("first"), predictions.alias("second")
    said_first, said_second = reviews.alias("said_first"), reviews.alias("said_second")
    right_before, score_before = _score_columns(first, said_first)
    right_after, score_after = _score_columns(second, said_second)
    joined = (
        samples.join(first, and_(first.c.round == before, first.c.sample == samples.c.id))
        .join(second, and_(second.c.round == after, second.c.sample == samples.c.id))
        .outerjoin(said_first, said_first.c.id == latest_review(first.c.round, first.c.sample))
        .outerjoin(said_second, said_second.c.id == latest_review(second.c.round, second.c.sample))
    )
    columns = (samples.c.id, samples.c.category, right_before, right_after, score_before, score_after)
    query = select(*columns).select_from(joined).where(in_set_of(before, role), ~label_is_wrong(samples.c.id))
    return [
        ScorePair(
            sample=sample,
            category=category,
            right_before=bool(was_right),
            right_after=bool(is_right),
            score_before=was,
            score_after=now,
        )
        for sample, category, was_right, is_right, was, now in connection.execute(query.order_by(samples.c.id))
    ]


def correctness_for(connection: Connection, round_id: RoundId, sample_ids: Iterable[int]) -> dict[int, bool]:
    """Whether the round's answers to these samples count as right, like ``correct_predictions``, by sample."""
    right, _ = _score_columns(predictions, reviews)
    said = reviews.c.id == latest_review(predictions.c.round, predictions.c.sample)
    query = select(predictions.c.sample, right).select_from(predictions.outerjoin(reviews, said))
    asked = and_(predictions.c.round == round_id, among(predictions.c.sample, sample_ids))
    found = connection.execute(query.where(asked, ~label_is_wrong(predictions.c.sample)).order_by(predictions.c.sample))
    return {sample: bool(is_right) for sample, is_right in found}


def predictions_for(connection: Connection, round_id: RoundId, sample_ids: Iterable[int]) -> dict[int, Prediction]:
    """The round's predictions for these samples, by sample."""
    query = select(*PREDICTION).where(predictions.c.round == round_id, among(predictions.c.sample, sample_ids))
    return {row.sample: noun_of(Prediction, row) for row in connection.execute(query)}


def _score_columns(given: FromClause, said: FromClause) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """Correctness and score of a prediction under the current verdict."""
    misread = said.c.verdict == "misread"
    right = case((misread, said.c.correct), else_=given.c.correct)
    corrected = func.coalesce(said.c.score, said.c.correct)
    return right, case((misread, corrected), else_=func.coalesce(given.c.score, given.c.correct))
