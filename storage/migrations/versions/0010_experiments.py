"""Experiments: their trials, what teachers said for them, and the two jobs that do them."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = (
    """CREATE TABLE trials (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        base INTEGER NOT NULL,
        setup TEXT NOT NULL,
        arm TEXT NOT NULL,
        budget INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        selection INTEGER,
        run INTEGER,
        round INTEGER,
        refused TEXT DEFAULT '' NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT trials_key PRIMARY KEY (id),
        CONSTRAINT trials_once_per_base_setup_arm_budget_seed UNIQUE (base, setup, arm, budget, seed),
        CONSTRAINT trials_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT trials_base_exists FOREIGN KEY(base) REFERENCES rounds (id),
        CONSTRAINT trials_selection_exists FOREIGN KEY(selection) REFERENCES selections (id),
        CONSTRAINT trials_run_exists FOREIGN KEY(run) REFERENCES runs (id),
        CONSTRAINT trials_round_exists FOREIGN KEY(round) REFERENCES rounds (id)
    )""",
    "CREATE INDEX trials_by_project ON trials (project)",
    "CREATE INDEX trials_by_selection ON trials (selection)",
    "CREATE INDEX trials_by_run ON trials (run)",
    """CREATE TABLE evidence (
        round INTEGER NOT NULL,
        teacher TEXT NOT NULL,
        method TEXT NOT NULL,
        variant TEXT NOT NULL,
        sample INTEGER NOT NULL,
        value TEXT NOT NULL,
        CONSTRAINT evidence_key PRIMARY KEY (round, teacher, method, variant, sample),
        CONSTRAINT evidence_round_exists FOREIGN KEY(round) REFERENCES rounds (id),
        CONSTRAINT evidence_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    ) WITHOUT ROWID""",
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
    CONSTRAINT jobs_kind_known CHECK (kind IN ('predict', 'diagnose', 'label', 'tune', 'import', 'try', 'experiment',
        'identify')),
    CONSTRAINT jobs_state_known CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
)"""


def upgrade() -> None:
    """Rebuild the jobs, whose kinds are checked, and add the two tables."""
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
