"""The Data tab: imports that wait for a yes, models that were tried on one sample, and the job that tries them."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = (
    """CREATE TABLE pending_imports (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        project INTEGER,
        reviewer TEXT NOT NULL,
        request TEXT NOT NULL,
        file TEXT NOT NULL,
        upload TEXT NOT NULL,
        seen INTEGER NOT NULL,
        report TEXT,
        error TEXT NOT NULL,
        job INTEGER,
        created TEXT NOT NULL,
        CONSTRAINT pending_imports_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT pending_imports_job_exists FOREIGN KEY(job) REFERENCES jobs (id)
    )""",
    "CREATE UNIQUE INDEX pending_imports_once ON pending_imports (coalesce(project, 0), reviewer)",
    """CREATE TABLE tries (
        project INTEGER NOT NULL,
        who TEXT NOT NULL,
        sample INTEGER NOT NULL,
        model TEXT NOT NULL,
        result TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT tries_key PRIMARY KEY (project, who),
        CONSTRAINT tries_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT tries_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    )""",
)
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
    CONSTRAINT jobs_kind_known CHECK (kind IN ('predict', 'diagnose', 'label', 'tune', 'import', 'try')),
    CONSTRAINT jobs_state_known CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
)"""


def upgrade() -> None:
    """Rebuild the jobs, whose kinds are checked, and add the two tables, of which one names them."""
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
    for table in TABLES:
        op.execute(table)
