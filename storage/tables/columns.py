"""How values are stored in SQLite (tuples and settings as JSON, times as ISO text), and common columns.

``metadata`` collects the tables and names their constraints.
"""

import json
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import CheckConstraint, Column, Dialect, Float, ForeignKey, Integer, MetaData, Text, TypeDecorator, text

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_once_per_%(column_0_N_name)s",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_exists",
        "pk": "%(table_name)s_key",
    }
)


def utc_now() -> str:
    """The current time as stored: UTC, ISO 8601, in microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Json(TypeDecorator[Any]):
    """A JSON text column. Floats round-trip exactly (Python writes the shortest text that reads back the same)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The JSON text. Raises ValueError for NaN and infinity, which are not JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The stored value, with lists for tuples."""
        return None if value is None else json.loads(value)


class Tuples(Json):
    """A JSON text column whose arrays come back as tuples, at every depth."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The stored value, with tuples for lists."""
        return None if value is None else _tuples(json.loads(value))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def one_of(column: str, literal: Any) -> CheckConstraint:
    """The column may hold only the values of a ``Literal``."""
    words = ", ".join(f"'{word}'" for word in get_args(literal))
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


def text_column(name: str) -> Column[str]:
    """Text, never NULL."""
    return Column(name, Text, nullable=False)


def integer(name: str) -> Column[int]:
    """A whole number, never NULL."""
    return Column(name, Integer, nullable=False)


def number(name: str) -> Column[float]:
    """A float, never NULL."""
    return Column(name, Float, nullable=False)


def tuple_column(name: str) -> Column[Any]:
    """A tuple as JSON, never NULL."""
    return Column(name, Tuples, nullable=False)


def added_text(name: str) -> Column[str]:
    """Text added by a later migration: "" in older rows."""
    return Column(name, Text, nullable=False, server_default=text("''"))


def added_integer(name: str) -> Column[int]:
    """A whole number added by a later migration: 0 in older rows."""
    return Column(name, Integer, nullable=False, server_default=text("0"))


def added_tuple(name: str) -> Column[Any]:
    """A tuple added by a later migration: empty in older rows."""
    return Column(name, Tuples, nullable=False, server_default=text("'[]'"))


def own_id() -> Column[int]:
    """The integer primary key."""
    return Column("id", Integer, primary_key=True)


def created() -> Column[str]:
    """When the row was written."""
    return Column("created", Text, nullable=False, default=utc_now)


def part_of(name: str, target: str, *, key: bool = False, optional: bool = False) -> Column[int]:
    """A reference to another table's row, as part of the primary key when ``key``."""
    return Column(name, Integer, ForeignKey(target), nullable=optional, primary_key=key, autoincrement=False)
