"""Tables of predictions, gold mistake steps and diagnoses."""

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Integer, Table, Text, text

from core.types import SwitchStatus
from storage.tables.columns import (
    Tuples,
    added_integer,
    added_text,
    added_tuple,
    integer,
    metadata,
    number,
    one_of,
    part_of,
    text_column,
    tuple_column,
)

predictions = Table(
    "predictions",
    metadata,
    part_of("round", "rounds.id", key=True),
    part_of("sample", "samples.id", key=True),
    text_column("text"),
    tuple_column("steps"),
    Column("answer", Text),
    text_column("reading"),
    Column("span", Tuples),
    Column("correct", Boolean, nullable=False),
    Column("score", Float),
    Column("read_confidence", Float, nullable=False, server_default=text("1.0")),
    added_integer("reading_version"),
    Index("predictions_wrong", "round", "sample", sqlite_where=text("correct = 0")),
    Index("predictions_by_reading_version", "round", "reading_version"),
)
# Known mistake steps, for measuring the method only: no query of the page may join this table.
gold = Table(
    "gold",
    metadata,
    part_of("round", "rounds.id", key=True),
    part_of("sample", "samples.id", key=True),
    Column("mistake_step", Integer),
)
diagnoses = Table(
    "diagnoses",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("sample", Integer, primary_key=True, autoincrement=False),
    tuple_column("candidates"),
    integer("truth"),
    integer("predicted"),
    tuple_column("probabilities"),
    text_column("status"),
    Column("mistake_step", Integer),
    number("confidence"),
    text_column("skill"),
    number("prior"),
    number("delta"),
    integer("lam"),
    text_column("teacher"),
    added_integer("votes"),
    added_tuple("bounded"),
    added_text("prompts"),
    Column("skill_step", Integer),
    one_of("status", SwitchStatus),
    ForeignKeyConstraint(["round", "sample"], ["predictions.round", "predictions.sample"]),
    Index("diagnoses_least_sure", "round", "confidence", "sample"),
    Index("diagnoses_by_skill", "round", "skill", "sample"),
)
