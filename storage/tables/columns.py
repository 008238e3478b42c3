"""How one value lies in SQLite: JSON for tuples and settings, ISO text for times, and the columns that recur.

Knows no table; holds what all of them are collected in, and how their constraints are named.
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
    """The time as it is stored: UTC, ISO 8601, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Json(TypeDecorator[Any]):
    """A JSON text column. Floats come back bit-equal (Python writes the shortest text that reads back the same)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The JSON text; NaN and infinity are refused, as they are not JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """What was stored, with lists for tuples."""
        return None if value is None else json.loads(value)


class Tuples(Json):
    """A JSON text column whose arrays come back as tuples, at every depth."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """What was stored, with tuples again."""
        return None if value is None else _tuples(json.loads(value))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def one_of(column: str, literal: Any) -> CheckConstraint:
    """Only the words of a ``Literal`` may stand in the column."""
    words = ", ".join(f"'{word}'" for word in get_args(literal))
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


def text_column(name: str) -> Column[str]:
    """Text, never NULL."""
    return Column(name, Text, nullable=False)


def integer(name: str) -> Column[int]:
    """A whole number, never NULL."""
    return Column(name, Integer, nullable=False)


def number(name: str) -> Column[float]:
    """A float, stored bit by bit, never NULL."""
    return Column(name, Float, nullable=False)


def tuple_column(name: str) -> Column[Any]:
    """A tuple as JSON, never NULL."""
    return Column(name, Tuples, nullable=False)


def added_text(name: str) -> Column[str]:
    """Text that a later migration added: "" in the rows that were there."""
    return Column(name, Text, nullable=False, server_default=text("''"))


def added_integer(name: str) -> Column[int]:
    """A whole number that a later migration added: 0 in the rows that were there."""
    return Column(name, Integer, nullable=False, server_default=text("0"))


def added_tuple(name: str) -> Column[Any]:
    """A tuple that a later migration added: empty in the rows that were there."""
    return Column(name, Tuples, nullable=False, server_default=text("'[]'"))


def own_id() -> Column[int]:
    """The integer that names a row to the rest of the program."""
    return Column("id", Integer, primary_key=True)


def created() -> Column[str]:
    """When the row was written."""
    return Column("created", Text, nullable=False, default=utc_now)


def part_of(name: str, target: str, *, key: bool = False, optional: bool = False) -> Column[int]:
    """A reference to another table's row, as part of the primary key when ``key``."""
    return Column(name, Integer, ForeignKey(target), nullable=optional, primary_key=key, autoincrement=False)
