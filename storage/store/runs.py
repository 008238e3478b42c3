"""Tuning runs and their updates. The path of an adapter is only a text here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.errors import UserError
from core.types import RoundId, TuningSettings, Update
from storage.rows import json_of, noun_of, values_of
from storage.store.trials import not_in_trial
from storage.tables import runs
from storage.tables import updates as update_rows

_RUN: tuple[ColumnElement[Any], ...] = (
    runs.c.id,
    runs.c.project,
    runs.c.selection,
    runs.c.from_round,
    runs.c.settings,
    runs.c.adapter,
    runs.c.created,
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One tuning run on a selection, from the student of ``from_round``; ``adapter`` is None until it is finished."""

    id: int
    project: int
    selection: int
    from_round: RoundId
    settings: TuningSettings
    adapter: str | None
    created: str


def create_run(
    connection: Connection, *, project: int, selection: int, from_round: RoundId, settings: TuningSettings
) -> Run:
    """Save a new run, for the worker."""
    values = {"project": project, "selection": selection, "from_round": from_round, "settings": json_of(settings)}
    return _run_of(connection.execute(insert(runs).values(values).returning(*_RUN)).one())


def run_of(connection: Connection, run_id: int) -> Run:
    """The run of that id. Raises UserError for an unknown id."""
    row = connection.execute(select(*_RUN).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no tuning run {run_id}: choose one from the list.")
    return _run_of(row)


def runs_of(connection: Connection, project_id: int) -> list[Run]:
    """The project's runs, newest first, without those of trials."""
    mine = and_(runs.c.project == project_id, not_in_trial(runs.c.id, "run"))
    query = select(*_RUN).where(mine).order_by(runs.c.id.desc())
    return [_run_of(row) for row in connection.execute(query)]


def finish_run(connection: Connection, run_id: int, adapter: str) -> None:
    """Save the path of the run's adapter, below the folder of adapters. Raises UserError for an unknown run."""
    if not connection.execute(update(runs).where(runs.c.id == run_id).values(adapter=adapter)).rowcount:
        raise UserError(f"There is no tuning run {run_id}: choose one from the list.")


def save_updates(connection: Connection, updates: Sequence[Update]) -> None:
    """Add updates. A run resumed from a checkpoint repeats some, which are replaced."""
    if updates:
        connection.execute(insert_or(update_rows).prefix_with("OR REPLACE"), [values_of(each) for each in updates])


def updates_of(connection: Connection, run_id: int) -> list[Update]:
    """The run's updates in order."""
    query = select(update_rows).where(update_rows.c.run == run_id).order_by(update_rows.c.number)
    return [noun_of(Update, row) for row in connection.execute(query)]


def drop_updates(connection: Connection, run_id: int, *, after: int) -> None:
    """Delete the run's updates after number ``after``, which a resumed run repeats."""
    connection.execute(delete(update_rows).where(update_rows.c.run == run_id, update_rows.c.number > after))


def _run_of(row: Row[Any]) -> Run:
    return Run(**row._asdict() | {"settings": TuningSettings(**row.settings)})
