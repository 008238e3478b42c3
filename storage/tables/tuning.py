"""The tables of tuning: runs, their updates, and estimates of what runs would take."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from storage.tables.columns import Json, added_integer, created, integer, metadata, number, own_id, part_of

# ``opened`` is the round opened by this run's adapter.
runs = Table(
    "runs",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    part_of("selection", "selections.id"),
    part_of("from_round", "rounds.id"),
    Column("settings", Json, nullable=False),
    Column("adapter", Text),
    Column("opened", Integer, ForeignKey("rounds.id"), unique=True),
    created(),
    Index(None, "project"),
)

updates = Table(
    "updates",
    metadata,
    part_of("run", "runs.id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    integer("total"),
    number("epoch"),
    number("loss"),
    number("learning_rate"),
    number("samples_per_second"),
    added_integer("memory"),
    added_integer("batch_size"),
)

# The newest estimate of a run on the selection, with the settings that it was measured with.
estimates = Table(
    "estimates",
    metadata,
    part_of("selection", "selections.id", key=True),
    Column("settings", Json, nullable=False),
    Column("estimate", Json, nullable=False),
    created(),
)
