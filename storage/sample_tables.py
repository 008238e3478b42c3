"""The tables of what is asked: sets of samples, the samples, and their images.

Offered by ``storage.tables`` with all the others. Knows no query.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint, text

from core.types import Role
from storage.columns import (
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

# A validation or test set belongs to a project and has no name; a support set has a name and belongs to none.
sample_sets = Table(
    "sample_sets",
    metadata,
    own_id(),
    part_of("project", "projects.id", optional=True),
    text_column("role"),
    text_column("name"),
    created(),
    one_of("role", Role),
    CheckConstraint("(role = 'support') = (project IS NULL)", name="support_is_shared"),
    Index("sample_sets_once", text("coalesce(project, 0)"), "role", "name", unique=True),
)

images = Table(
    "images",
    metadata,
    Column("hash", Text, primary_key=True),
    text_column("mime"),
    integer("width"),
    integer("height"),
    Column("content", LargeBinary, nullable=False),
)

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
    text_column("skill_label"),
    Column("image", Text, ForeignKey("images.hash")),
    added_tuple("answers"),
    added_text("hint"),
    added_text("lecture"),
    UniqueConstraint("sample_set", "source_id"),
    Index("samples_in_set", "sample_set", "id"),
    Index("samples_without_label", "sample_set", "id", sqlite_where=text("skill_label = ''")),
)
