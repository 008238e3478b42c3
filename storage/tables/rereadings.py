"""The tables of re-readings: which rounds were read again by newer rules, and what that replaced, to put it back."""

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Integer, Table, Text

from storage.tables.columns import Tuples, created, integer, metadata, own_id, part_of, text_column, tuple_column
from storage.tables.diagnoses import diagnoses
from storage.tables.experiments import evidence

# ``rounds`` are the ids of the rounds that were read again; ``reading_version`` is that of the rules that read them.
rereadings = Table(
    "rereadings",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    tuple_column("rounds"),
    integer("reading_version"),
    text_column("reviewer"),
    created(),
    Index(None, "project", "id"),
)

# The predictions that a re-reading changed, as they were before.
replaced_readings = Table(
    "replaced_readings",
    metadata,
    part_of("rereading", "rereadings.id", key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("sample", Integer, primary_key=True, autoincrement=False),
    tuple_column("steps"),
    Column("answer", Text),
    text_column("reading"),
    Column("span", Tuples),
    Column("correct", Boolean, nullable=False),
    Column("score", Float),
    Column("read_confidence", Float, nullable=False),
    integer("reading_version"),
    ForeignKeyConstraint(["round", "sample"], ["predictions.round", "predictions.sample"]),
)


def _set_aside(source: Table) -> Table:
    """The rows of a table that a re-reading set aside, whole."""
    return Table(
        f"set_aside_{source.name}",
        metadata,
        part_of("rereading", "rereadings.id", key=True),
        *(
            Column(each.name, each.type, nullable=each.nullable, primary_key=each.primary_key, autoincrement=False)
            for each in source.c
        ),
        ForeignKeyConstraint(["round", "sample"], ["predictions.round", "predictions.sample"]),
    )


set_aside_diagnoses = _set_aside(diagnoses)
set_aside_evidence = _set_aside(evidence)
