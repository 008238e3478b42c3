"""Tables of endpoint replies and spending."""

from sqlalchemy import Column, Table, Text

from storage.tables.columns import added_integer, created, integer, metadata, part_of, text_column

# Replies of endpoints by the hash of address, model and request, so that no request is paid twice.
replies = Table(
    "replies",
    metadata,
    Column("key", Text, primary_key=True),
    text_column("reply"),
    created(),
    sqlite_with_rowid=False,
)
spending = Table(
    "spending",
    metadata,
    part_of("project", "projects.id", key=True),
    Column("model", Text, primary_key=True),
    integer("requests"),
    integer("tokens_in"),
    integer("tokens_out"),
    added_integer("batch_in"),
    added_integer("batch_out"),
    sqlite_with_rowid=False,
)
