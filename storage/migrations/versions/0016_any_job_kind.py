"""Jobs of any kind: the table no longer lists the kinds, so that a new one needs no migration."""

from alembic import op

revision = "0016"
down_revision = "0015"

JOBS = """CREATE TABLE rebuilt_jobs (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    project INTEGER,
    args TEXT NOT NULL,
    state TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    message TEXT NOT NULL,
    error TEXT NOT NULL,
    worker TEXT NOT NULL,
    pid INTEGER,
    pid_start FLOAT,
    cancel_asked BOOLEAN NOT NULL,
    created TEXT NOT NULL,
    started TEXT,
    finished TEXT,
    first_done INTEGER,
    first_at TEXT,
    CONSTRAINT jobs_key PRIMARY KEY (id),
    CONSTRAINT jobs_state_known CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
)"""


def upgrade() -> None:
    """Rebuild the table, row by row as it was: SQLite cannot drop a CHECK."""
    # The worker refuses kinds that it does not know.
    op.execute("PRAGMA legacy_alter_table = ON")
    for statement in (
        JOBS,
        "INSERT INTO rebuilt_jobs SELECT * FROM jobs",
        "DROP TABLE jobs",
        "ALTER TABLE rebuilt_jobs RENAME TO jobs",
        "CREATE INDEX jobs_by_project_id ON jobs (project, id)",
        "CREATE INDEX jobs_by_state_id ON jobs (state, id)",
    ):
        op.execute(statement)
    op.execute("PRAGMA legacy_alter_table = OFF")
