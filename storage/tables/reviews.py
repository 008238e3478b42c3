"""The tables of reviews, given one by one or in bulk, and of their drafts."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from core.types import Verdict
from storage.tables.columns import created, integer, metadata, one_of, own_id, part_of, text_column

# ``correct`` and ``score`` belong to a corrected reading ("misread"); ``undoes`` is the review that this one undoes.
reviews = Table(
    "reviews",
    metadata,
    own_id(),
    integer("round"),
    integer("sample"),
    text_column("reviewer"),
    text_column("verdict"),
    Column("mistake_step", Integer),
    text_column("skill"),
    Column("answer", Text),
    Column("correct", Boolean),
    text_column("note"),
    Column("undoes", Integer, ForeignKey("reviews.id")),
    created(),
    Column("score", Float),
    one_of("verdict", Verdict),
    CheckConstraint("verdict <> 'misread' OR correct IS NOT NULL", name="misread_is_scored"),
    ForeignKeyConstraint(["round", "sample"], ["predictions.round", "predictions.sample"]),
    Index("reviews_of_case", "round", "sample", "id"),
    Index("reviews_by_skill", "round", "skill", "sample", "id"),
    Index("reviews_label_wrong", "sample", "round", "id", sqlite_where=text("verdict = 'label_wrong'")),
)

# The reviews of one bulk action; ``bulk`` is the id of the first and identifies the action.
bulk_reviews = Table(
    "bulk_reviews",
    metadata,
    part_of("review", "reviews.id", key=True),
    part_of("bulk", "reviews.id"),
    Index(None, "bulk"),
)

# Input that is not yet a review, one row per reviewer and case.
drafts = Table(
    "drafts",
    metadata,
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("sample", Integer, primary_key=True, autoincrement=False),
    Column("reviewer", Text, primary_key=True),
    Column("mistake_step", Integer),
    text_column("skill"),
    Column("answer", Text),
    text_column("note"),
    created(),
    ForeignKeyConstraint(["round", "sample"], ["predictions.round", "predictions.sample"]),
)
