"""The first schema: every table, its indexes, and the triggers that keep what must not change."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """CREATE TABLE images (
        hash TEXT NOT NULL,
        mime TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        content BLOB NOT NULL,
        CONSTRAINT images_key PRIMARY KEY (hash)
    )""",
    """CREATE TABLE projects (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        student TEXT NOT NULL,
        teacher TEXT NOT NULL,
        settings TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT projects_key PRIMARY KEY (id),
        CONSTRAINT projects_once_per_name UNIQUE (name)
    )""",
    """CREATE TABLE jobs (
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
        CONSTRAINT jobs_kind_known CHECK (kind IN ('predict', 'diagnose', 'label', 'tune')),
        CONSTRAINT jobs_state_known CHECK (state IN
            ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
        CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
    )""",
    """CREATE TABLE rounds (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        number INTEGER NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT rounds_key PRIMARY KEY (id),
        CONSTRAINT rounds_once_per_project_number UNIQUE (project, number),
        CONSTRAINT rounds_project_exists FOREIGN KEY(project) REFERENCES projects (id)
    )""",
    """CREATE TABLE sample_sets (
        id INTEGER NOT NULL,
        project INTEGER,
        role TEXT NOT NULL,
        name TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT sample_sets_key PRIMARY KEY (id),
        CONSTRAINT sample_sets_role_known CHECK (role IN ('validation', 'test', 'support')),
        CONSTRAINT sample_sets_support_is_shared CHECK ((role = 'support') = (project IS NULL)),
        CONSTRAINT sample_sets_project_exists FOREIGN KEY(project) REFERENCES projects (id)
    )""",
    """CREATE TABLE samples (
        id INTEGER NOT NULL,
        sample_set INTEGER NOT NULL,
        source_id TEXT NOT NULL,
        question TEXT NOT NULL,
        options TEXT NOT NULL,
        answer TEXT NOT NULL,
        category TEXT NOT NULL,
        task TEXT NOT NULL,
        response TEXT NOT NULL,
        skill_label TEXT NOT NULL,
        image TEXT,
        CONSTRAINT samples_key PRIMARY KEY (id),
        CONSTRAINT samples_once_per_sample_set_source_id UNIQUE (sample_set, source_id),
        CONSTRAINT samples_sample_set_exists FOREIGN KEY(sample_set) REFERENCES sample_sets (id),
        CONSTRAINT samples_image_exists FOREIGN KEY(image) REFERENCES images (hash)
    )""",
    """CREATE TABLE selections (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        round INTEGER NOT NULL,
        support TEXT NOT NULL,
        arm TEXT NOT NULL,
        budget INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        demands TEXT NOT NULL,
        leaked INTEGER NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT selections_key PRIMARY KEY (id),
        CONSTRAINT selections_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT selections_round_exists FOREIGN KEY(round) REFERENCES rounds (id)
    )""",
    """CREATE TABLE gold (
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        mistake_step INTEGER,
        CONSTRAINT gold_key PRIMARY KEY (round, sample),
        CONSTRAINT gold_round_exists FOREIGN KEY(round) REFERENCES rounds (id),
        CONSTRAINT gold_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    )""",
    """CREATE TABLE hits (
        selection INTEGER NOT NULL,
        position INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        skill TEXT NOT NULL,
        score FLOAT NOT NULL,
        terms TEXT NOT NULL,
        CONSTRAINT hits_key PRIMARY KEY (selection, position),
        CONSTRAINT hits_selection_exists FOREIGN KEY(selection) REFERENCES selections (id),
        CONSTRAINT hits_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    ) WITHOUT ROWID""",
    """CREATE TABLE predictions (
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        text TEXT NOT NULL,
        steps TEXT NOT NULL,
        answer TEXT,
        reading TEXT NOT NULL,
        span TEXT,
        correct BOOLEAN NOT NULL,
        CONSTRAINT predictions_key PRIMARY KEY (round, sample),
        CONSTRAINT predictions_round_exists FOREIGN KEY(round) REFERENCES rounds (id),
        CONSTRAINT predictions_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    )""",
    """CREATE TABLE runs (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        selection INTEGER NOT NULL,
        from_round INTEGER NOT NULL,
        settings TEXT NOT NULL,
        adapter TEXT,
        opened INTEGER,
        created TEXT NOT NULL,
        CONSTRAINT runs_key PRIMARY KEY (id),
        CONSTRAINT runs_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT runs_selection_exists FOREIGN KEY(selection) REFERENCES selections (id),
        CONSTRAINT runs_from_round_exists FOREIGN KEY(from_round) REFERENCES rounds (id),
        CONSTRAINT runs_once_per_opened UNIQUE (opened),
        CONSTRAINT runs_opened_exists FOREIGN KEY(opened) REFERENCES rounds (id)
    )""",
    """CREATE TABLE diagnoses (
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        candidates TEXT NOT NULL,
        truth INTEGER NOT NULL,
        predicted INTEGER NOT NULL,
        probabilities TEXT NOT NULL,
        status TEXT NOT NULL,
        mistake_step INTEGER,
        confidence FLOAT NOT NULL,
        skill TEXT NOT NULL,
        prior FLOAT NOT NULL,
        delta FLOAT NOT NULL,
        lam INTEGER NOT NULL,
        teacher TEXT NOT NULL,
        CONSTRAINT diagnoses_key PRIMARY KEY (round, sample),
        CONSTRAINT diagnoses_status_known CHECK (status IN ('switched', 'no_switch', 'prior_ignored', 'no_steps')),
        CONSTRAINT diagnoses_round_sample_exists FOREIGN KEY(round, sample) REFERENCES predictions (round, sample)
    )""",
    """CREATE TABLE reviews (
        id INTEGER NOT NULL,
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        reviewer TEXT NOT NULL,
        verdict TEXT NOT NULL,
        mistake_step INTEGER,
        skill TEXT NOT NULL,
        answer TEXT,
        correct BOOLEAN,
        note TEXT NOT NULL,
        undoes INTEGER,
        created TEXT NOT NULL,
        CONSTRAINT reviews_key PRIMARY KEY (id),
        CONSTRAINT reviews_verdict_known CHECK (verdict IN
            ('accepted', 'edited', 'rejected', 'skipped', 'label_wrong', 'misread', 'cleared')),
        CONSTRAINT reviews_misread_is_scored CHECK (verdict <> 'misread' OR correct IS NOT NULL),
        CONSTRAINT reviews_round_sample_exists FOREIGN KEY(round, sample) REFERENCES predictions (round, sample),
        CONSTRAINT reviews_undoes_exists FOREIGN KEY(undoes) REFERENCES reviews (id)
    )""",
    """CREATE TABLE updates (
        run INTEGER NOT NULL,
        number INTEGER NOT NULL,
        total INTEGER NOT NULL,
        epoch FLOAT NOT NULL,
        loss FLOAT NOT NULL,
        learning_rate FLOAT NOT NULL,
        samples_per_second FLOAT NOT NULL,
        CONSTRAINT updates_key PRIMARY KEY (run, number),
        CONSTRAINT updates_run_exists FOREIGN KEY(run) REFERENCES runs (id)
    )""",
)

INDEXES = (
    "CREATE INDEX jobs_by_project_id ON jobs (project, id)",
    "CREATE INDEX jobs_by_state_id ON jobs (state, id)",
    "CREATE UNIQUE INDEX sample_sets_once ON sample_sets (coalesce(project, 0), role, name)",
    "CREATE INDEX samples_in_set ON samples (sample_set, id)",
    "CREATE INDEX samples_without_label ON samples (sample_set, id) WHERE skill_label = ''",
    "CREATE INDEX selections_by_project ON selections (project)",
    "CREATE INDEX selections_by_round ON selections (round)",
    "CREATE INDEX predictions_wrong ON predictions (round, sample) WHERE correct = 0",
    "CREATE INDEX runs_by_project ON runs (project)",
    "CREATE INDEX diagnoses_by_skill ON diagnoses (round, skill, sample)",
    "CREATE INDEX diagnoses_least_sure ON diagnoses (round, confidence, sample)",
    "CREATE INDEX reviews_label_wrong ON reviews (sample, round, id) WHERE verdict = 'label_wrong'",
    "CREATE INDEX reviews_of_case ON reviews (round, sample, id)",
)

KEPT = {
    "reviews are append-only": ("UPDATE ON reviews", "DELETE ON reviews"),
    "a selection never changes": (
        "UPDATE ON selections",
        "DELETE ON selections",
        "UPDATE ON hits",
        "DELETE ON hits",
    ),
    "only the reading of a curve may change": (
        "UPDATE OF round, sample, candidates, truth, predicted, probabilities, skill, prior, teacher ON diagnoses",
    ),
}


def upgrade() -> None:
    """Build the schema."""
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    for reason, actions in KEPT.items():
        for action in actions:
            name = f"keep_{action.split()[-1]}_from_{action.split()[0].lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} BEGIN SELECT RAISE(ABORT, '{reason}'); END")
