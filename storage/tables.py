"""Every table, with the field names of ``core.types``. What is not written here is not stored.

Says how the nouns lie in SQLite; knows no query. The migrations build these tables, the triggers that keep reviews,
curves and selections from changing, and the text index ``case_texts``; a test compares the tables. Times are UTC in ISO
8601. Nothing here holds a secret: keys for teachers come from the environment and are never part of ``Settings``.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.types import JobKind, JobState, SwitchStatus
from storage.adoption_tables import adoptions
from storage.batch_tables import batched_requests, batches
from storage.columns import (
    Json,
    Tuples,
    added_integer,
    added_text,
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
from storage.experiment_tables import evidence, trials
from storage.login_tables import attempts, logins, sessions
from storage.page_tables import pending_imports, tries
from storage.review_tables import bulk_reviews, drafts, reviews
from storage.run_tables import estimates, runs, updates
from storage.sample_tables import images, label_checks, labels, sample_sets, samples
from storage.selection_tables import hits, leaks, rulings, selections

__all__ = [
    "adoptions",
    "attempts",
    "batched_requests",
    "batches",
    "bulk_reviews",
    "diagnoses",
    "drafts",
    "estimates",
    "evidence",
    "gold",
    "hits",
    "images",
    "jobs",
    "label_checks",
    "labels",
    "leaks",
    "logins",
    "metadata",
    "pending_imports",
    "predictions",
    "projects",
    "replies",
    "reviews",
    "rounds",
    "rulings",
    "runs",
    "sample_sets",
    "samples",
    "selections",
    "sessions",
    "spending",
    "trials",
    "tries",
    "updates",
]

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
    Index("predictions_wrong", "round", "sample", sqlite_where=text("correct = 0")),
)

# What a test of the method knows beforehand. No query that the page uses may join it.
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

# ``first_done`` and ``first_at`` are the first progress since the job was claimed: its pace is measured from there.
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
    one_of("kind", JobKind),
    one_of("state", JobState),
    Index(None, "state", "id"),
    Index(None, "project", "id"),
)

# What endpoints replied, by the hash of address, model and request: asked again, it costs nothing.
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
