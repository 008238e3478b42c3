"""The table of adoptions: which round a project builds on, since when, by whom, and the result of the gate."""

from sqlalchemy import Boolean, Column, Index, Table

from storage.tables.columns import created, metadata, own_id, part_of, text_column, tuple_column

# Append-only: the newest row of a project counts. ``against`` is the round that the gate compared the adopted one with
# (NULL: there was none), on the set ``role`` ("": on none).
adoptions = Table(
    "adoptions",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    part_of("round", "rounds.id"),
    part_of("against", "rounds.id", optional=True),
    text_column("role"),
    Column("passed", Boolean, nullable=False),
    tuple_column("findings"),
    text_column("reviewer"),
    text_column("reason"),
    created(),
    Index(None, "project", "id"),
)
