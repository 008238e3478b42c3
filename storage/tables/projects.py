"""Tables of projects and rounds."""

from sqlalchemy import Column, Table, Text, UniqueConstraint

from storage.tables.columns import Json, created, integer, metadata, own_id, part_of, text_column

projects = Table(
    "projects",
    metadata,
    own_id(),
    Column("name", Text, nullable=False, unique=True),
    text_column("student"),
    text_column("teacher"),
    Column("settings", Json, nullable=False),
    created(),
)
rounds = Table(
    "rounds",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    integer("number"),
    created(),
    UniqueConstraint("project", "number"),
)
