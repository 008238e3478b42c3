"""Predictions that older rules read, a page at a time, with what decides about reading them again."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, and_, case, exists, or_, select

from core.types import Prediction, Role, RoundId, Sample
from storage.rows import PREDICTION, SAMPLE, prefixed, unprefixed
from storage.store.predictions import label_is_wrong
from storage.tables import drafts, reviews, sample_sets, samples
from storage.tables.diagnoses import diagnoses, gold, predictions

# No rule that reads a text is as sure: only an answer that a file of predictions gave has this confidence.
GIVEN_CONFIDENCE = 1.0
Decided = Literal["", "reviewed", "drafted"]


@dataclass(frozen=True, kw_only=True)
class StoredReading:
    """A prediction that older rules read, with what decides about reading it again.

    ``imported``: it came from a file of predictions, with the gold mistake step ``gold_step`` or None. ``decided`` says
    whether a person reviewed it or began to; ``diagnosed`` whether it has a diagnosis, ``scored`` whether it counts in
    the accuracy.
    """

    prediction: Prediction
    sample: Sample
    role: Role
    imported: bool
    gold_step: int | None
    decided: Decided
    diagnosed: bool
    scored: bool = True


def older_readings(
    connection: Connection, round_id: RoundId, version: int, *, after: int, limit: int
) -> list[StoredReading]:
    """The round's next predictions that rules older than ``version`` read, by sample, behind the sample ``after``."""
    of_case = [each.c.sample == predictions.c.sample for each in (reviews, drafts, diagnoses)]
    reviewed, drafted, diagnosed = (
        exists().where(table.c.round == predictions.c.round, same)
        for table, same in zip((reviews, drafts, diagnoses), of_case, strict=True)
    )
    wrong = label_is_wrong(predictions.c.sample)
    decided = case((reviewed, "reviewed"), (drafted, "drafted"), else_="").label("decided")
    beside = [gold.c.sample.is_not(None).label("imported"), gold.c.mistake_step.label("gold_step"), decided]
    known = and_(gold.c.round == predictions.c.round, gold.c.sample == predictions.c.sample)
    older = predictions.c.reading_version + 0 < version  # an expression, so that SQLite reads in the order of samples
    query = (
        select(*prefixed(SAMPLE, samples), *prefixed(PREDICTION, predictions))
        .add_columns(sample_sets.c.role, *beside, diagnosed.label("diagnosed"), wrong.label("label_wrong"))
        .select_from(
            predictions.join(samples, samples.c.id == predictions.c.sample)
            .join(sample_sets, sample_sets.c.id == samples.c.sample_set)
            .outerjoin(gold, known)
        )
        .where(predictions.c.round == round_id, predictions.c.sample > after, older)
        .order_by(predictions.c.sample)
        .limit(limit)
    )
    return [
        StoredReading(
            prediction=Prediction(**unprefixed(row, predictions)),
            sample=Sample(**unprefixed(row, samples)),
            role=row.role,
            imported=bool(row.imported),
            gold_step=row.gold_step,
            decided=row.decided,
            diagnosed=bool(row.diagnosed),
            scored=not row.label_wrong,
        )
        for row in connection.execute(query)
    ]


def has_given_answers(connection: Connection, round_id: RoundId) -> bool:
    """Whether the files from which the round's predictions came had a column of answers."""
    same = and_(predictions.c.round == gold.c.round, predictions.c.sample == gold.c.sample)
    given = or_(predictions.c.reading == "given", predictions.c.read_confidence == GIVEN_CONFIDENCE)
    query = select(gold.c.sample).select_from(gold.join(predictions, same)).where(gold.c.round == round_id, given)
    return connection.execute(query.limit(1)).first() is not None
