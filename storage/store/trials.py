"""Trials of experiments, and what teachers said for them. Knows no arm: what a trial does is the caller's business."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.errors import UserError
from core.types import Evidence, Method, Trial
from storage.rows import noun_of, values_of
from storage.tables import evidence, hits, predictions, reviews, trials


def begin_trial(c: Connection, trial: Trial) -> Trial:
    """The trial of that base, setup, arm, budget and seed: the one that is there, or a new one."""
    key = {name: getattr(trial, name) for name in ("base", "setup", "arm", "budget", "seed")}
    values = key | {"project": trial.project}
    c.execute(insert_or(trials).values(values).on_conflict_do_nothing())
    return _trial_of(c.execute(_trials(*(trials.c[name] == value for name, value in key.items()))).one())


def advance_trial(c: Connection, trial: int, **made: int | str) -> Trial:
    """Record the trial's ``selection``, ``run``, ``round`` or why it was ``refused``. Raises UserError for no trial."""
    c.execute(update(trials).where(trials.c.id == trial).values(made))
    row = c.execute(_trials(trials.c.id == trial)).one_or_none()
    if row is None:
        raise UserError(f"There is no trial {trial}: start the experiment again.")
    return _trial_of(row)


def trials_of(c: Connection, base: int, setup: str | None = None) -> list[Trial]:
    """The trials from the student of the round ``base``, of one setup or of all, in the order they were begun."""
    of_setup = [] if setup is None else [trials.c.setup == setup]
    return [_trial_of(row) for row in c.execute(_trials(trials.c.base == base, *of_setup).order_by(trials.c.id))]


def answered(c: Connection, rounds: Sequence[int]) -> tuple[int, ...]:
    """How many predictions each of the rounds has, and the newest verdict of all: what decides what trials score."""
    count = (
        select(func.count()).select_from(predictions).where(predictions.c.round == bindparam("of")).scalar_subquery()
    )
    newest = c.scalar(select(func.max(reviews.c.id))) or 0
    return (*(c.scalar(select(count), {"of": each}) or 0 for each in rounds), newest)


def save_evidence(c: Connection, found: Sequence[Evidence]) -> None:
    """Add what is not there yet; what was said once is never replaced."""
    if found:
        c.execute(insert(evidence).prefix_with("OR IGNORE"), [values_of(each) for each in found])


def evidence_of(c: Connection, round_id: int, teacher: str, method: Method, variant: str) -> dict[int, Any]:
    """What the teacher said of the round's errors for a method and variant, by sample id."""
    at = evidence.c
    keys = (at.round == round_id, at.teacher == teacher, at.method == method, at.variant == variant)
    return {row.sample: row.value for row in c.execute(select(at.sample, at.value).where(*keys))}


def of_no_trial(column: ColumnElement[int], part: str) -> ColumnElement[bool]:
    """Whether the row that ``column`` names is no trial's ``part`` ("selection" or "run") (people see only these)."""
    return ~exists().where(trials.c[part] == column)


def _trials(*conditions: ColumnElement[bool]) -> Any:
    chosen = select(func.count()).select_from(hits).where(hits.c.selection == trials.c.selection).scalar_subquery()
    columns = [trials.c[name] for name in Trial.__dataclass_fields__ if name != "chosen"]
    return select(*columns, chosen.label("chosen")).where(*conditions)


def _trial_of(row: Row[Any]) -> Trial:
    return noun_of(Trial, row)
