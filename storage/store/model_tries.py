"""Tries of a project's models on one sample: the newest of each. Loads no model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from storage.rows import noun_of
from storage.tables import tries
from storage.tables.columns import utc_now


@dataclass(frozen=True, kw_only=True)
class ModelTry:
    """A try of the project's ``who`` ("student" or "teacher"), at that time ``model``, on ``sample`` (id)."""

    who: str
    sample: int
    model: str
    result: Mapping[str, Any]
    created: str


def save_model_try(
    connection: Connection, project: int, who: str, *, sample: int, model: str, result: Mapping[str, Any]
) -> None:
    """Save a try in place of the previous one."""
    values = {"sample": sample, "model": model, "result": dict(result), "created": utc_now()}
    made = insert(tries).values(project=project, who=who, **values)
    connection.execute(made.on_conflict_do_update(index_elements=["project", "who"], set_=values))


def model_tries_of(connection: Connection, project: int) -> dict[str, ModelTry]:
    """The newest tries of a project's models, by "student" and "teacher"."""
    columns = [tries.c[name] for name in ModelTry.__dataclass_fields__]
    found = connection.execute(select(*columns).where(tries.c.project == project))
    return {row.who: noun_of(ModelTry, row) for row in found}
