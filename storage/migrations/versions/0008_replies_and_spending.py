"""Models behind endpoints: the replies that were paid for, and what each project has spent on each model."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = (
    """CREATE TABLE replies (
        "key" TEXT NOT NULL,
        reply TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT replies_key PRIMARY KEY ("key")
    ) WITHOUT ROWID""",
    """CREATE TABLE spending (
        project INTEGER NOT NULL,
        model TEXT NOT NULL,
        requests INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        CONSTRAINT spending_key PRIMARY KEY (project, model),
        CONSTRAINT spending_project_exists FOREIGN KEY(project) REFERENCES projects (id)
    ) WITHOUT ROWID""",
)


def upgrade() -> None:
    """Add the tables."""
    for table in TABLES:
        op.execute(table)
