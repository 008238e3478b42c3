"""Batches of requests at endpoints: a row a batch, a row a request that waits, and which tokens came in batches."""

from alembic import op

revision = "0015"
down_revision = "0014"

BATCHES = """CREATE TABLE batches (
    id INTEGER NOT NULL,
    project INTEGER NOT NULL,
    support TEXT NOT NULL,
    "by" TEXT NOT NULL,
    model TEXT NOT NULL,
    url TEXT NOT NULL,
    token TEXT NOT NULL,
    remote TEXT NOT NULL,
    state TEXT NOT NULL,
    requests INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error TEXT NOT NULL,
    created TEXT NOT NULL,
    moved TEXT NOT NULL,
    collected TEXT,
    CONSTRAINT batches_key PRIMARY KEY (id),
    CONSTRAINT batches_state_known CHECK (state IN ('uploading', 'creating', 'validating', 'in_progress', 'finalizing',
        'completed', 'failed', 'expired', 'cancelling', 'cancelled')),
    CONSTRAINT batches_project_exists FOREIGN KEY(project) REFERENCES projects (id),
    CONSTRAINT batches_once_per_token UNIQUE (token)
)"""
REQUESTS = """CREATE TABLE batched_requests (
    "key" TEXT NOT NULL,
    project INTEGER NOT NULL,
    batch INTEGER,
    tries INTEGER NOT NULL,
    error TEXT NOT NULL,
    CONSTRAINT batched_requests_key PRIMARY KEY ("key"),
    CONSTRAINT batched_requests_project_exists FOREIGN KEY(project) REFERENCES projects (id),
    CONSTRAINT batched_requests_batch_exists FOREIGN KEY(batch) REFERENCES batches (id)
) WITHOUT ROWID"""


def upgrade() -> None:
    """Add both tables with their indexes, and the two columns."""
    for statement in (
        BATCHES,
        "CREATE INDEX batches_by_project_id ON batches (project, id)",
        "CREATE INDEX batches_under_way ON batches (id) WHERE collected IS NULL",
        REQUESTS,
        "CREATE INDEX batched_requests_by_batch ON batched_requests (batch)",
        "ALTER TABLE spending ADD COLUMN batch_in INTEGER DEFAULT 0 NOT NULL",
        "ALTER TABLE spending ADD COLUMN batch_out INTEGER DEFAULT 0 NOT NULL",
    ):
        op.execute(statement)
