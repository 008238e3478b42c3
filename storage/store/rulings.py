"""Rulings on the hits of a project's skills. Append-only; the newest one on each sample or task is in force."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select

from core.errors import UserError
from core.types import Ruling
from storage.rows import noun_of, values_of
from storage.tables import rulings

MAX_SKILL_LENGTH = 400
_RULING: tuple[ColumnElement[Any], ...] = tuple(rulings.c[part.name] for part in fields(Ruling))


def add_ruling(connection: Connection, project_id: int, ruling: Ruling) -> Ruling:
    """Append a ruling and return it with its id and time. Raises UserError for an empty or too long skill."""
    if not ruling.skill or len(ruling.skill) > MAX_SKILL_LENGTH:
        raise UserError(
            f"A ruling is for one skill of at most {MAX_SKILL_LENGTH} characters: choose one from the list."
        )
    values = values_of(ruling) | {"project": project_id}
    del values["created"]
    return noun_of(Ruling, connection.execute(insert(rulings).values(values).returning(*_RULING)).one())


def rulings_of(connection: Connection, project_id: int, skills: Collection[str] | None = None) -> list[Ruling]:
    """The rulings in force, oldest first: of all skills, or of ``skills`` plus every removal of a single sample."""
    newest = select(func.max(rulings.c.id)).where(rulings.c.project == project_id)
    standing = newest.group_by(rulings.c.skill, rulings.c.sample, rulings.c.task)
    query = select(*_RULING).where(rulings.c.id.in_(standing), rulings.c.act != "clear").order_by(rulings.c.id)
    found = [noun_of(Ruling, row) for row in connection.execute(query)]
    if skills is None:
        return found
    wanted = frozenset(skills)
    return [each for each in found if each.skill in wanted or (each.act == "remove" and each.sample is not None)]


def standing_ruling(
    connection: Connection, project_id: int, ruling: Ruling, *, before: int | None = None
) -> Ruling | None:
    """The newest ruling on the same skill's sample or task (older than the ruling ``before``), which may be "clear"."""
    same = [rulings.c.project == project_id, rulings.c.skill == ruling.skill]
    for column, value in ((rulings.c.sample, ruling.sample), (rulings.c.task, ruling.task)):
        same.append(column.is_(None) if value is None else column == value)
    if before is not None:
        same.append(rulings.c.id < before)
    row = connection.execute(select(*_RULING).where(and_(*same)).order_by(rulings.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else noun_of(Ruling, row)


def ruling_of(connection: Connection, project_id: int, ruling_id: int) -> Ruling | None:
    """The project's ruling of that id."""
    query = select(*_RULING).where(rulings.c.id == ruling_id, rulings.c.project == project_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else noun_of(Ruling, row)


def newest_ruling_id(connection: Connection, project_id: int) -> int:
    """The id of the project's newest ruling, 0 without one; it changes with every ruling."""
    return connection.scalar(select(func.max(rulings.c.id)).where(rulings.c.project == project_id)) or 0
