"""The tables of Batch API jobs: one row per batch, and one per request that has no answer yet."""

from sqlalchemy import Column, Index, Table, Text, text

from core.types import BatchState
from storage.tables.columns import created, integer, metadata, one_of, own_id, part_of, text_column

batches = Table(
    "batches",
    metadata,
    own_id(),
    part_of("project", "projects.id"),
    text_column("support"),
    text_column("by"),
    text_column("model"),
    text_column("url"),
    Column("token", Text, nullable=False, unique=True),
    text_column("remote"),
    text_column("state"),
    integer("requests"),
    integer("tokens_in"),
    integer("tokens_out"),
    integer("done"),
    integer("failed"),
    text_column("error"),
    created(),
    text_column("moved"),
    Column("collected", Text),
    one_of("state", BatchState),
    Index(None, "project", "id"),
    Index("batches_under_way", "id", sqlite_where=text("collected IS NULL")),
)

# ``key`` is the one that the reply will be stored under. An answered request has a reply instead of a row here.
batched_requests = Table(
    "batched_requests",
    metadata,
    Column("key", Text, primary_key=True),
    part_of("project", "projects.id"),
    part_of("batch", "batches.id", optional=True),
    integer("tries"),
    text_column("error"),
    Index(None, "batch"),
    sqlite_with_rowid=False,
)
