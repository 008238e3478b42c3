"""The tables of rulings on hits, selections, their hits, and the leaks left out of them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from core.types import RulingAct
from storage.tables.columns import (
    Json,
    added_tuple,
    created,
    integer,
    metadata,
    number,
    one_of,
    own_id,
    part_of,
    text_column,
    tuple_column,
)

# Rulings on the hits of a skill, one act per row; the newest one on a skill's sample or task is in force.
rulings = Table(
    "rulings",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    text_column("skill"),
    text_column("act"),
    Column("sample", Integer, ForeignKey("samples.id")),
    Column("task", Text),
    text_column("reviewer"),
    created(),
    one_of("act", RulingAct),
    CheckConstraint("(sample IS NULL) <> (task IS NULL)", name="on_one_or_a_task"),
    Index(None, "project", "skill", "sample", "task"),
)

selections = Table(
    "selections",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    part_of("round", "rounds.id"),
    text_column("support"),
    text_column("arm"),
    integer("budget"),
    integer("seed"),
    tuple_column("demands"),
    integer("leaked"),
    added_tuple("rulings"),
    Column("make_up", Json),
    created(),
    Index(None, "project"),
    Index(None, "round"),
)

# The hits of a selection in the order chosen, ``position`` counted from 1.
hits = Table(
    "hits",
    metadata,
    part_of("selection", "selections.id", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    part_of("sample", "samples.id"),
    text_column("skill"),
    number("score"),
    tuple_column("terms"),
    Index("hits_by_sample", "sample", "selection"),
    Index("hits_by_skill", "selection", "skill", "position"),
    sqlite_with_rowid=False,
)

# Samples left out of a selection: ``measured`` is the validation or test sample with the same image or question
# (``key``).
leaks = Table(
    "leaks",
    metadata,
    part_of("selection", "selections.id", key=True),
    part_of("sample", "samples.id", key=True),
    Column("why", Text, primary_key=True),
    text_column("key"),
    part_of("measured", "samples.id"),
    sqlite_with_rowid=False,
)
