"""Pending imports: previewed and neither done nor discarded, one per reviewer and project. Knows no file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal_column, select, update

from storage.rows import noun_of
from storage.tables import pending_imports as rows


@dataclass(frozen=True, kw_only=True)
class PendingImport:
    """A pending import: its request and what was found.

    ``request`` is an import request as JSON values, ``file`` the name of its file for display, ``upload`` the path of
    the uploaded copy ("" for none). ``seen`` counts the rows read so far; ``report`` says what was found once all were
    read, ``error`` why they cannot be. ``job`` is the job that imports it.
    """

    id: int
    project: int | None
    reviewer: str
    request: Mapping[str, Any]
    file: str
    upload: str
    seen: int
    report: Mapping[str, Any] | None
    error: str
    job: int | None


_PENDING = [rows.c[name] for name in PendingImport.__dataclass_fields__]


def pending_import_of(connection: Connection, project: int | None, reviewer: str) -> PendingImport | None:
    """The reviewer's pending import in the project (None: outside of any)."""
    row = connection.execute(select(*_PENDING).where(_of(project, reviewer))).one_or_none()
    return None if row is None else noun_of(PendingImport, row)


def pending_imports(connection: Connection) -> list[PendingImport]:
    """All pending imports, oldest first; they are few."""
    return [noun_of(PendingImport, row) for row in connection.execute(select(*_PENDING).order_by(rows.c.id))]


def begin_pending_import(
    connection: Connection, project: int | None, reviewer: str, *, request: Mapping[str, Any], file: str, upload: str
) -> PendingImport:
    """Replace the reviewer's pending import by a new one, under an id that was never used."""
    connection.execute(delete(rows).where(_of(project, reviewer)))
    values = {"request": dict(request), "file": file, "upload": upload, "seen": 0, "error": ""}
    made = insert(rows).values(project=project, reviewer=reviewer, **values).returning(*_PENDING)
    return noun_of(PendingImport, connection.execute(made).one())


def update_pending_import(connection: Connection, id: int, **changes: Any) -> bool:
    """Set ``seen``, ``report``, ``error``, ``job`` or ``request``; returns whether the import is still pending."""
    return bool(connection.execute(update(rows).where(rows.c.id == id).values(**changes)).rowcount)


def drop_pending_import(connection: Connection, id: int) -> bool:
    """Delete a pending import; returns whether it was still there."""
    return bool(connection.execute(delete(rows).where(rows.c.id == id)).rowcount)


def _of(project: int | None, reviewer: str) -> ColumnElement[bool]:
    owner = func.coalesce(rows.c.project, literal_column("0")) == (project or 0)
    return owner & (rows.c.reviewer == reviewer)
