"""The tables of experiments: trials, and what teachers answered for them beside the diagnoses."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from storage.tables.columns import Json, added_text, created, integer, metadata, own_id, part_of, text_column

# One arm at one budget with one seed. Its selection, run and round are left out of the lists that users see.
trials = Table(
    "trials",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    part_of("base", "rounds.id"),
    text_column("setup"),
    text_column("arm"),
    integer("budget"),
    integer("seed"),
    Column("selection", Integer, ForeignKey("selections.id")),
    Column("run", Integer, ForeignKey("runs.id")),
    Column("round", Integer, ForeignKey("rounds.id")),
    added_text("refused"),
    created(),
    UniqueConstraint("base", "setup", "arm", "budget", "seed"),
    Index(None, "project"),
    Index(None, "selection"),
    Index(None, "run"),
)

evidence = Table(
    "evidence",
    metadata,
    part_of("round", "rounds.id", key=True),
    Column("teacher", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("variant", Text, primary_key=True),
    part_of("sample", "samples.id", key=True),
    Column("value", Json, nullable=False),
    sqlite_with_rowid=False,
)
