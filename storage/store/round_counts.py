"""Progress of a project, counted from its rows."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from core.types import Role, RoundId
from storage.store.diagnoses import is_error_of
from storage.store.predictions import in_set_of
from storage.store.projects import Round, rounds_of
from storage.store.reviews import review_counts
from storage.store.samples import count_samples
from storage.store.trials import not_in_trial
from storage.tables import hits, samples, selections
from storage.tables.diagnoses import diagnoses, predictions


@dataclass(frozen=True, kw_only=True)
class RoundCounts:
    """Counts of a round: validation samples, those predicted, those wrong (before reviews), those of them whose answer
    is unclear, those diagnosed and those reviewed (with a current verdict); the hits of the newest selection made from
    the round; test samples, and those predicted."""

    round: RoundId
    number: int
    samples: int
    predictions: int
    wrong: int
    unclear: int
    diagnosed: int
    reviewed: int
    selected: int
    test_samples: int
    test_predictions: int


def round_counts(connection: Connection, project_id: int) -> list[RoundCounts]:
    """The counts of each of the project's rounds, in order."""
    validation = count_samples(connection, project=project_id, role="validation")
    test = count_samples(connection, project=project_id, role="test")
    return [_counts_of(connection, each, validation, test) for each in rounds_of(connection, project_id)]


def _counts_of(connection: Connection, each: Round, validation: int, test: int) -> RoundCounts:
    wrong, unclear = _count_wrong(connection, each.id)
    return RoundCounts(
        round=each.id,
        number=each.number,
        samples=validation,
        predictions=_count_predicted(connection, each.id, "validation"),
        wrong=wrong,
        unclear=unclear,
        diagnosed=_count_diagnosed(connection, each.id),
        reviewed=sum(review_counts(connection, each.id).values()),
        selected=_count_selected(connection, each.id),
        test_samples=test,
        test_predictions=_count_predicted(connection, each.id, "test"),
    )


def _count_predicted(connection: Connection, round_id: RoundId, role: Role) -> int:
    joined = samples.join(predictions, predictions.c.sample == samples.c.id)
    query = select(func.count()).select_from(joined).where(predictions.c.round == round_id, in_set_of(round_id, role))
    return connection.execute(query).scalar_one()


def _count_wrong(connection: Connection, round_id: RoundId) -> tuple[int, int]:
    """How many errors there are, and how many of them have an unclear answer."""
    joined = predictions.join(samples, predictions.c.sample == samples.c.id)
    query = select(func.count(), func.count(predictions.c.answer)).select_from(joined)
    wrong, read = connection.execute(query.where(predictions.c.round == round_id, is_error_of(round_id))).one()
    return wrong, wrong - read


def _count_diagnosed(connection: Connection, round_id: RoundId) -> int:
    query = select(func.count()).select_from(diagnoses).where(diagnoses.c.round == round_id)
    return connection.execute(query).scalar_one()


def _count_selected(connection: Connection, round_id: RoundId) -> int:
    mine = and_(selections.c.round == round_id, not_in_trial(selections.c.id, "selection"))
    newest = select(func.max(selections.c.id)).where(mine).scalar_subquery()
    return connection.execute(select(func.count()).select_from(hits).where(hits.c.selection == newest)).scalar_one()
