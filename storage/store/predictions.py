"""A student's predictions, and their scores after reviews of readings and labels. Knows no curve."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, insert, literal_column, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.types import Prediction, Role, RoundId, Sample
from storage.rows import PREDICTION, SAMPLE, latest_review, noun_of, values_of
from storage.tables import reviews, sample_sets, samples
from storage.tables.diagnoses import gold
from storage.tables.diagnoses import predictions as prediction_rows
from storage.tables.projects import rounds

_SCORE = case(
    (reviews.c.verdict == "misread", func.coalesce(reviews.c.score, reviews.c.correct)),
    else_=func.coalesce(prediction_rows.c.score, prediction_rows.c.correct),
)


def save_predictions(connection: Connection, predictions: Sequence[Prediction]) -> int:
    """Add the predictions that are new and return how many; a stored one is never replaced."""
    if not predictions:
        return 0
    query = insert_or(prediction_rows).on_conflict_do_nothing()
    return connection.execute(query, [values_of(prediction) for prediction in predictions]).rowcount


def missing_predictions(connection: Connection, round_id: RoundId, role: Role) -> list[Sample]:
    """The validation or test samples that the round has no prediction for, in import order."""
    predicted = exists().where(prediction_rows.c.round == round_id, prediction_rows.c.sample == samples.c.id)
    query = select(*SAMPLE).where(in_set_of(round_id, role), ~predicted).order_by(samples.c.id)
    return [noun_of(Sample, row) for row in connection.execute(query)]


def predictions_of(connection: Connection, round_id: RoundId, role: Role) -> list[Prediction]:
    """The round's predictions of validation or test samples, by sample."""
    query = _of_round(select(*PREDICTION), round_id, role).order_by(samples.c.id)
    return [noun_of(Prediction, row) for row in connection.execute(query)]


def prediction_of(connection: Connection, round_id: RoundId, sample_id: int) -> Prediction | None:
    """The round's prediction for the sample, if there is one."""
    where = and_(prediction_rows.c.round == round_id, prediction_rows.c.sample == sample_id)
    row = connection.execute(select(*PREDICTION).where(where)).one_or_none()
    return None if row is None else noun_of(Prediction, row)


def correct_predictions(connection: Connection, round_id: RoundId, role: Role) -> dict[int, bool]:
    """Whether each predicted sample counts as correct, by sample id.

    A corrected reading ("misread") counts as the reviewer scored it. A sample whose label a reviewer calls wrong, in
    this round or another one, is left out.
    """
    found = case((reviews.c.verdict == "misread", reviews.c.correct), else_=prediction_rows.c.correct)
    return {row.sample: bool(row.found) for row in connection.execute(_scored_predictions(found, round_id, role))}


def prediction_scores(connection: Connection, round_id: RoundId, role: Role) -> dict[int, float]:
    """The scores of the samples of ``correct_predictions``: 1 or 0, or a share where a sample has several answers.

    Accuracy is their mean.
    """
    return {row.sample: row.found for row in connection.execute(_scored_predictions(_SCORE, round_id, role))}


def summed_scores(connection: Connection, round_id: RoundId, role: Role) -> tuple[int, float]:
    """How many samples ``prediction_scores`` has, and the sum of their scores, without reading each."""
    scored = _scored_predictions(_SCORE, round_id, role).order_by(None).subquery()
    row = connection.execute(select(func.count(), func.coalesce(func.sum(scored.c.found), 0.0))).one()
    return row[0], float(row[1])


def _scored_predictions(found: ColumnElement[Any], round_id: RoundId, role: Role) -> Select[Any]:
    """(sample, found) of each prediction whose label nobody calls wrong, joined with its current verdict."""
    latest = reviews.c.id == latest_review(prediction_rows.c.round, prediction_rows.c.sample)
    query = _of_round(select(prediction_rows.c.sample, found.label("found")), round_id, role)
    query = query.outerjoin(reviews, latest).where(~label_is_wrong(prediction_rows.c.sample))
    return query.order_by(samples.c.id)


def save_gold_steps(connection: Connection, round_id: RoundId, steps: Sequence[tuple[int, int | None]]) -> None:
    """Add known mistake steps, given as (sample id, step or None where no step is wrong); stored ones stay."""
    if steps:
        rows = [{"round": round_id, "sample": sample, "mistake_step": step} for sample, step in steps]
        connection.execute(insert(gold).prefix_with("OR IGNORE"), rows)


def gold_steps_of(connection: Connection, round_id: RoundId) -> dict[int, int | None]:
    """The known mistake steps of a round by sample id: for measuring only, never shown."""
    query = select(gold.c.sample, gold.c.mistake_step).where(gold.c.round == round_id)
    return {row.sample: row.mistake_step for row in connection.execute(query)}


def in_set_of(round_id: RoundId, role: Role) -> ColumnElement[bool]:
    """The condition that a row of ``samples`` is in the validation or test set of the round's project."""
    owner = select(rounds.c.project).where(rounds.c.id == round_id).scalar_subquery()
    mine = func.coalesce(sample_sets.c.project, literal_column("0")) == owner
    found = select(sample_sets.c.id).where(mine, sample_sets.c.role == role, sample_sets.c.name == "")
    return samples.c.sample_set == found.scalar_subquery()


def label_is_wrong(sample: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that the newest verdict on the sample is "label_wrong" in any round (a label belongs to the
    sample)."""
    said = reviews.alias("said")
    # A literal instead of a parameter, so that SQLite can use the partial index.
    wrong = said.c.verdict == literal_column("'label_wrong'")
    return exists().where(said.c.sample == sample, wrong, said.c.id == latest_review(said.c.round, said.c.sample))


def _of_round(query: Select[Any], round_id: RoundId, role: Role) -> Select[Any]:
    same = and_(prediction_rows.c.round == round_id, prediction_rows.c.sample == samples.c.id)
    return query.select_from(samples.join(prediction_rows, same)).where(in_set_of(round_id, role))
