"""A corrected reading has a score of its own where a question has several people's answers."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; reviews that are there scored 1 or 0, as ``correct`` says."""
    op.execute("ALTER TABLE reviews ADD COLUMN score FLOAT")
