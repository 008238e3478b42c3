"""The tables of sample sets, samples, skill labels and images."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.types import Role
from storage.tables.columns import (
    Json,
    added_integer,
    added_text,
    added_tuple,
    created,
    integer,
    metadata,
    one_of,
    own_id,
    part_of,
    text_column,
    tuple_column,
)

# A validation or test set belongs to a project and has no name; a support set has a name and no project. A support set
# may have several parts, one per large import; an incomplete part is visible to nobody. ``source`` is what such an
# import reads, ``handled`` how many rows of it are saved; ``report`` is no longer used. ``samples``, ``labelled`` and
# ``changes`` (of samples and labels, ever) are kept by triggers, since counting takes seconds.
sample_sets = Table(
    "sample_sets",
    metadata,
    own_id(),
    part_of("project", "projects.id", optional=True),
    text_column("role"),
    text_column("name"),
    created(),
    added_integer("part"),
    Column("complete", Boolean, nullable=False, server_default=text("1")),
    added_text("source"),
    added_integer("handled"),
    Column("report", Json, nullable=False, server_default=text("'{}'")),
    added_integer("samples"),
    added_integer("labelled"),
    added_integer("changes"),
    one_of("role", Role),
    CheckConstraint("(role = 'support') = (project IS NULL)", name="support_is_shared"),
    Index("sample_sets_once", text("coalesce(project, 0)"), "role", "name", "part", unique=True),
)

# An image is stored here (``hash`` is the SHA-256 of its bytes) or stays in its file (``hash`` is "file:" and the
# SHA-256 of ``path``); then ``content_hash`` is that of its bytes, read while the file had ``stamp`` (NULL: not read
# yet).
images = Table(
    "images",
    metadata,
    Column("hash", Text, primary_key=True),
    text_column("mime"),
    integer("width"),
    integer("height"),
    Column("content", LargeBinary),
    Column("path", Text),
    Column("content_hash", Text),
    added_text("stamp"),
    CheckConstraint("(content IS NULL) = (path IS NOT NULL)", name="stored_or_in_a_file"),
)

# Many samples share a skill label, so its text is stored once.
labels = Table("labels", metadata, own_id(), text_column("text"), UniqueConstraint("text"))

samples = Table(
    "samples",
    metadata,
    own_id(),
    part_of("sample_set", "sample_sets.id"),
    text_column("source_id"),
    text_column("question"),
    tuple_column("options"),
    text_column("answer"),
    text_column("category"),
    text_column("task"),
    text_column("response"),
    Column("skill_label", Integer, ForeignKey("labels.id")),
    Column("image", Text, ForeignKey("images.hash")),
    added_tuple("answers"),
    added_text("hint"),
    added_text("lecture"),
    UniqueConstraint("sample_set", "source_id"),
    Index("samples_in_set", "sample_set", "id"),
    Index("samples_without_label", "sample_set", "id", sqlite_where=text("skill_label IS NULL")),
)

# A reviewer's judgement of a skill label, valid as long as the sample has that label.
label_checks = Table(
    "label_checks",
    metadata,
    part_of("sample", "samples.id", key=True),
    Column("reviewer", Text, primary_key=True),
    part_of("label", "labels.id"),
    Column("fits", Boolean, nullable=False),
    created(),
)
