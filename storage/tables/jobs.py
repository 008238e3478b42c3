"""The table of jobs."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text

from core.types import JobState
from storage.tables.columns import Json, created, metadata, one_of, own_id, part_of, text_column

# ``kind`` may be any text; the worker refuses unknown kinds. ``first_done`` and ``first_at`` are the first
# progress since the job was claimed: its pace is measured from there.
jobs = Table(
    "jobs",
    metadata,
    own_id(),
    text_column("kind"),
    part_of("project", "projects.id", optional=True),
    Column("args", Json, nullable=False),
    text_column("state"),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("message", Text, nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    Column("worker", Text, nullable=False, default=""),
    Column("pid", Integer),
    Column("pid_start", Float),
    Column("cancel_asked", Boolean, nullable=False, default=False),
    created(),
    Column("started", Text),
    Column("finished", Text),
    Column("first_done", Integer),
    Column("first_at", Text),
    one_of("state", JobState),
    Index(None, "state", "id"),
    Index(None, "project", "id"),
)
