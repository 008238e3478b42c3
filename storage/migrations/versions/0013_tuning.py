"""Tuning: how much memory an update took and with which batches, estimates of runs, and the job that measures one."""

from alembic import op

revision = "0013"
down_revision = "0012"

ESTIMATES = """CREATE TABLE estimates (
    selection INTEGER NOT NULL,
    settings TEXT NOT NULL,
    estimate TEXT NOT NULL,
    created TEXT NOT NULL,
    CONSTRAINT estimates_key PRIMARY KEY (selection),
    CONSTRAINT estimates_selection_exists FOREIGN KEY(selection) REFERENCES selections (id)
)"""
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
    CONSTRAINT jobs_kind_known CHECK (kind IN ('predict', 'diagnose', 'label', 'tune', 'import', 'try', 'experiment',
        'identify', 'measure')),
    CONSTRAINT jobs_state_known CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
)"""


def upgrade() -> None:
    """Add the columns and the table, and rebuild the jobs, whose kinds are checked."""
    op.execute("ALTER TABLE updates ADD COLUMN memory INTEGER DEFAULT 0 NOT NULL")
    op.execute("ALTER TABLE updates ADD COLUMN batch_size INTEGER DEFAULT 0 NOT NULL")
    op.execute(ESTIMATES)
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
