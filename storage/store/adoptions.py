"""Adoptions: which round a project builds on. Append-only. Knows no rule for adopting."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from core.types import Adoption, RoundId
from storage.rows import noun_of, values_of
from storage.tables import adoptions

_ADOPTION: tuple[ColumnElement[Any], ...] = tuple(adoptions.c[name] for name in Adoption.__dataclass_fields__)


def save_adoption(connection: Connection, adoption: Adoption) -> Adoption:
    """Append an adoption and return it with its id and time."""
    values = values_of(adoption)
    values.pop("created")
    return noun_of(Adoption, connection.execute(insert(adoptions).values(values).returning(*_ADOPTION)).one())


def adoptions_of(connection: Connection, project_id: int) -> list[Adoption]:
    """The project's adoptions, newest first."""
    query = select(*_ADOPTION).where(adoptions.c.project == project_id).order_by(adoptions.c.id.desc())
    return [noun_of(Adoption, row) for row in connection.execute(query)]


def adopted_round_id(connection: Connection, project_id: int) -> RoundId | None:
    """The id of the round adopted last; None where there is none."""
    newest = adoptions.c.id.desc()
    found: RoundId | None = connection.scalar(
        select(adoptions.c.round).where(adoptions.c.project == project_id).order_by(newest).limit(1)
    )
    return found
