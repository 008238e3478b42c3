"""Estimates of tuning runs: the newest one of each selection."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.types import TuningEstimate, TuningSettings
from storage.rows import json_of
from storage.tables import estimates
from storage.tables.columns import utc_now


@dataclass(frozen=True, kw_only=True)
class StoredEstimate:
    """The newest estimate for a selection, with its settings and time."""

    settings: TuningSettings
    estimate: TuningEstimate
    created: str


def save_tuning_estimate(
    connection: Connection, selection_id: int, settings: TuningSettings, estimate: TuningEstimate
) -> None:
    """Save an estimate for a selection, in place of the previous one."""
    values = {"selection": selection_id, "settings": json_of(settings), "estimate": asdict(estimate)}
    connection.execute(insert_or(estimates).prefix_with("OR REPLACE").values(values | {"created": utc_now()}))


def tuning_estimate_of(connection: Connection, selection_id: int) -> StoredEstimate | None:
    """The newest estimate for a selection, None where there is none."""
    row = connection.execute(select(estimates).where(estimates.c.selection == selection_id)).one_or_none()
    if row is None:
        return None
    settings, estimate = TuningSettings(**row.settings), TuningEstimate(**row.estimate)
    return StoredEstimate(settings=settings, estimate=estimate, created=row.created)
