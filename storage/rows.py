"""Converts between rows and dataclasses, and passes lists of keys to queries."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, Table, bindparam, func, literal_column, select

from core.types import Curve, Diagnosis, Prediction, Review, Sample, Switch
from storage.tables import labels, reviews, samples
from storage.tables.columns import Json
from storage.tables.diagnoses import diagnoses, predictions

T = TypeVar("T")

_LABEL = select(labels.c.text).where(labels.c.id == samples.c.skill_label).scalar_subquery()
LABEL_TEXT = func.coalesce(_LABEL, literal_column("''")).label("skill_label")
SAMPLE = tuple(LABEL_TEXT if part.name == "skill_label" else samples.c[part.name] for part in fields(Sample))
PREDICTION = tuple(predictions.c[part.name] for part in fields(Prediction))
REVIEW = tuple(reviews.c[part.name] for part in fields(Review))
DIAGNOSIS = tuple(diagnoses.c)


def prefixed(columns: Iterable[ColumnElement[Any]], table: Table) -> list[ColumnElement[Any]]:
    """The columns labelled ``table__column``, so that several dataclasses fit into one row."""
    return [column.label(f"{table.name}__{column.key}") for column in columns]


def unprefixed(row: Row[Any], table: Table) -> dict[str, Any]:
    """The values of one table in a row selected with ``prefixed`` columns."""
    start = f"{table.name}__"
    return {name[len(start) :]: value for name, value in row._mapping.items() if name.startswith(start)}


def noun_of(noun: type[T], row: Row[Any]) -> T:
    """The dataclass whose fields are the row's columns."""
    return noun(**row._mapping)


def diagnosis_from_row(values: Mapping[str, Any]) -> Diagnosis:
    """The diagnosis in a mapping of its table's columns."""
    return Diagnosis(
        curve=Curve(**{part.name: values[part.name] for part in fields(Curve)}),
        switch=Switch(**{part.name: values[part.name] for part in fields(Switch)}),
        **{
            name: values[name]
            for name in ("round", "sample", "skill", "prior", "delta", "lam", "teacher", "prompts", "skill_step")
        },
    )


def values_of(noun: Any) -> dict[str, Any]:
    """A flat dataclass's fields by name, without ``id``, which the database assigns."""
    return {part.name: getattr(noun, part.name) for part in fields(noun) if part.name != "id"}


def diagnosis_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as one flat row."""
    values = values_of(diagnosis)
    return values | values_of(values.pop("curve")) | values_of(values.pop("switch"))


def json_of(noun: Any) -> dict[str, Any]:
    """A settings dataclass as stored."""
    return asdict(noun)


def among(column: ColumnElement[Any], keys: Iterable[Any]) -> ColumnElement[bool]:
    """The condition that the column is one of the keys, passed as one JSON text because SQLite limits variables.

    For ids and hashes only: SQLite's JSON truncates a text at its first NUL character.
    """
    listed = func.json_each(bindparam(None, list(keys), Json)).table_valued("value")
    return column.in_(select(listed.c.value))


def latest_review(round: Any, sample: Any) -> ScalarSelect[Any]:
    """The id of the newest review of a case, as a subquery on the columns ``round`` and ``sample``."""
    newer = reviews.alias("newer")
    query: Select[Any] = select(func.max(newer.c.id)).where(newer.c.round == round, newer.c.sample == sample)
    return query.scalar_subquery()
