"""Which step a skill was named for, since another δ or λ may move the mistake step away from it."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; of a diagnosis that is there already, the step it has now is the best that is known."""
    op.execute("ALTER TABLE diagnoses ADD COLUMN skill_step INTEGER")
    op.execute("UPDATE diagnoses SET skill_step = mistake_step WHERE skill <> ''")
