"""Room for what real files and teachers bring: several truths, hints, scores, votes, and the hash of the prompts."""

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = (
    "samples ADD COLUMN answers TEXT DEFAULT '[]' NOT NULL",
    "samples ADD COLUMN hint TEXT DEFAULT '' NOT NULL",
    "samples ADD COLUMN lecture TEXT DEFAULT '' NOT NULL",
    "predictions ADD COLUMN score FLOAT",
    "predictions ADD COLUMN read_confidence FLOAT DEFAULT (1.0) NOT NULL",
    "diagnoses ADD COLUMN votes INTEGER DEFAULT 0 NOT NULL",
    "diagnoses ADD COLUMN bounded TEXT DEFAULT '[]' NOT NULL",
    "diagnoses ADD COLUMN prompts TEXT DEFAULT '' NOT NULL",
)


def upgrade() -> None:
    """Add the columns; the rows that are there keep their meaning."""
    for column in COLUMNS:
        op.execute(f"ALTER TABLE {column}")
