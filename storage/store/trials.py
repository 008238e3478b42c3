"""Trials of experiments. Knows no arm: the caller knows what a trial does."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.errors import UserError
from core.types import RoundId, Trial
from storage.rows import noun_of
from storage.store.predictions import in_set_of
from storage.store.rereadings import reading_stamp
from storage.tables import hits, reviews, samples, trials
from storage.tables.diagnoses import predictions


def begin_trial(connection: Connection, trial: Trial) -> Trial:
    """The trial of that base, setup, arm, budget and seed: the stored one, or a new one."""
    key = {name: getattr(trial, name) for name in ("base", "setup", "arm", "budget", "seed")}
    values = key | {"project": trial.project}
    connection.execute(insert_or(trials).values(values).on_conflict_do_nothing())
    return noun_of(Trial, connection.execute(_trials(*(trials.c[name] == value for name, value in key.items()))).one())


def advance_trial(connection: Connection, trial: int, **made: int | str) -> Trial:
    """Set the trial's ``selection``, ``run``, ``round`` or why it was ``refused``. Raises UserError for an unknown
    id."""
    connection.execute(update(trials).where(trials.c.id == trial).values(made))
    return trial_of(connection, trial)


def trial_of(connection: Connection, trial: int) -> Trial:
    """The trial of that id. Raises UserError for an unknown id."""
    row = connection.execute(_trials(trials.c.id == trial)).one_or_none()
    if row is None:
        raise UserError(f"There is no trial {trial}: start the experiment again.")
    return noun_of(Trial, row)


def trials_of(connection: Connection, base: RoundId, setup: str | None = None) -> list[Trial]:
    """The trials from the student of the round ``base``, of one setup or of all, in order of creation."""
    of_setup = [] if setup is None else [trials.c.setup == setup]
    return [
        noun_of(Trial, row)
        for row in connection.execute(_trials(trials.c.base == base, *of_setup).order_by(trials.c.id))
    ]


def trial_answer_counts(
    connection: Connection, round_ids: Iterable[RoundId]
) -> tuple[dict[RoundId, int], tuple[int, str]]:
    """How many test samples each of the rounds answered, and the newest review id and re-reading of all, which scores
    depend on."""
    newest = connection.scalar(select(func.max(reviews.c.id))) or 0
    return {each: _count_test_answers(connection, each) for each in round_ids}, (newest, reading_stamp(connection))


def not_in_trial(column: ColumnElement[int], part: str) -> ColumnElement[bool]:
    """The condition that the row of id ``column`` is no trial's ``part`` ("selection" or "run"); users see only
    these."""
    return ~exists().where(trials.c[part] == column)


def _count_test_answers(connection: Connection, round_id: RoundId) -> int:
    joined = predictions.join(samples, samples.c.id == predictions.c.sample)
    mine = and_(predictions.c.round == round_id, in_set_of(round_id, "test"))
    return connection.execute(select(func.count()).select_from(joined).where(mine)).scalar_one()


def _trials(*conditions: ColumnElement[bool]) -> Any:
    chosen = select(func.count()).select_from(hits).where(hits.c.selection == trials.c.selection).scalar_subquery()
    columns = [trials.c[name] for name in Trial.__dataclass_fields__ if name != "chosen"]
    return select(*columns, chosen.label("chosen")).where(*conditions)
