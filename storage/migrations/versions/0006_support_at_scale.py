"""Support sets of a million rows: labels once per text, counts kept by triggers, images that stay in their files, parts
of a set that are not complete yet, checks of labels, and a job that imports.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

COLUMNS = (
    "part INTEGER DEFAULT 0 NOT NULL",
    "complete BOOLEAN DEFAULT 1 NOT NULL",
    "source TEXT DEFAULT '' NOT NULL",
    "handled INTEGER DEFAULT 0 NOT NULL",
    "report TEXT DEFAULT '{}' NOT NULL",
    "samples INTEGER DEFAULT 0 NOT NULL",
    "labelled INTEGER DEFAULT 0 NOT NULL",
    "changes INTEGER DEFAULT 0 NOT NULL",
)

NEW = (
    """CREATE TABLE labels (
        id INTEGER NOT NULL,
        text TEXT NOT NULL,
        CONSTRAINT labels_key PRIMARY KEY (id),
        CONSTRAINT labels_once_per_text UNIQUE (text)
    )""",
    """CREATE TABLE label_checks (
        sample INTEGER NOT NULL,
        reviewer TEXT NOT NULL,
        label INTEGER NOT NULL,
        fits BOOLEAN NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT label_checks_key PRIMARY KEY (sample, reviewer),
        CONSTRAINT label_checks_sample_exists FOREIGN KEY(sample) REFERENCES samples (id),
        CONSTRAINT label_checks_label_exists FOREIGN KEY(label) REFERENCES labels (id)
    )""",
    "INSERT INTO labels (text) SELECT DISTINCT skill_label FROM samples WHERE skill_label <> ''",
)

# Tables that cannot be changed in place: (name, the new table, what fills it from the old one, its indexes).
REBUILT = (
    (
        "samples",
        """(
        id INTEGER NOT NULL,
        sample_set INTEGER NOT NULL,
        source_id TEXT NOT NULL,
        question TEXT NOT NULL,
        options TEXT NOT NULL,
        answer TEXT NOT NULL,
        category TEXT NOT NULL,
        task TEXT NOT NULL,
        response TEXT NOT NULL,
        skill_label INTEGER,
        image TEXT,
        answers TEXT DEFAULT '[]' NOT NULL,
        hint TEXT DEFAULT '' NOT NULL,
        lecture TEXT DEFAULT '' NOT NULL,
        CONSTRAINT samples_key PRIMARY KEY (id),
        CONSTRAINT samples_once_per_sample_set_source_id UNIQUE (sample_set, source_id),
        CONSTRAINT samples_sample_set_exists FOREIGN KEY(sample_set) REFERENCES sample_sets (id),
        CONSTRAINT samples_skill_label_exists FOREIGN KEY(skill_label) REFERENCES labels (id),
        CONSTRAINT samples_image_exists FOREIGN KEY(image) REFERENCES images (hash)
        )""",
        """SELECT id, sample_set, source_id, question, options, answer, category, task, response,
        (SELECT labels.id FROM labels WHERE labels.text = samples.skill_label), image, answers, hint, lecture
        FROM samples""",
        (
            "CREATE INDEX samples_in_set ON samples (sample_set, id)",
            "CREATE INDEX samples_without_label ON samples (sample_set, id) WHERE skill_label IS NULL",
        ),
    ),
    (
        "images",
        """(
        hash TEXT NOT NULL,
        mime TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        content BLOB,
        path TEXT,
        content_hash TEXT,
        stamp TEXT DEFAULT '' NOT NULL,
        CONSTRAINT images_key PRIMARY KEY (hash),
        CONSTRAINT images_stored_or_in_a_file CHECK ((content IS NULL) = (path IS NOT NULL))
        )""",
        "SELECT hash, mime, width, height, content, NULL, NULL, '' FROM images",
        (),
    ),
    (
        "jobs",
        """(
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
        CONSTRAINT jobs_kind_known CHECK (kind IN ('predict', 'diagnose', 'label', 'tune', 'import')),
        CONSTRAINT jobs_state_known CHECK (state IN
            ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
        CONSTRAINT jobs_project_exists FOREIGN KEY(project) REFERENCES projects (id)
        )""",
        "SELECT * FROM jobs",
        (
            "CREATE INDEX jobs_by_project_id ON jobs (project, id)",
            "CREATE INDEX jobs_by_state_id ON jobs (state, id)",
        ),
    ),
)

COUNTS = """UPDATE sample_sets SET
    samples = (SELECT count(*) FROM samples WHERE sample_set = sample_sets.id),
    labelled = (SELECT count(skill_label) FROM samples WHERE sample_set = sample_sets.id)"""

_ADD = """UPDATE sample_sets SET samples = samples {0} 1, labelled = labelled {0} ({1}.skill_label IS NOT NULL),
    changes = changes + 1 WHERE id = {1}.sample_set;"""

TRIGGERS = (
    f"CREATE TRIGGER count_added_sample AFTER INSERT ON samples BEGIN {_ADD.format('+', 'NEW')} END",
    f"CREATE TRIGGER count_dropped_sample AFTER DELETE ON samples BEGIN {_ADD.format('-', 'OLD')} END",
    """CREATE TRIGGER count_labelled_sample AFTER UPDATE OF skill_label ON samples
        WHEN OLD.skill_label IS NOT NEW.skill_label BEGIN
        UPDATE sample_sets SET changes = changes + 1,
            labelled = labelled + (NEW.skill_label IS NOT NULL) - (OLD.skill_label IS NOT NULL)
        WHERE id = NEW.sample_set;
    END""",
)


def upgrade() -> None:
    """Rebuild what must be rebuilt, count what is there, and keep the counts in step from now on."""
    # Other tables and triggers name the rebuilt ones: under the newer rules a rename would rewrite or refuse them.
    op.execute("PRAGMA legacy_alter_table = ON")
    for statement in NEW:
        op.execute(statement)
    for name, table, rows, indexes in REBUILT:
        op.execute(f"CREATE TABLE rebuilt_{name} {table}")
        op.execute(f"INSERT INTO rebuilt_{name} {rows}")
        op.execute(f"DROP TABLE {name}")
        op.execute(f"ALTER TABLE rebuilt_{name} RENAME TO {name}")
        for index in indexes:
            op.execute(index)
    op.execute("PRAGMA legacy_alter_table = OFF")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE sample_sets ADD COLUMN {column}")
    op.execute("DROP INDEX sample_sets_once")
    op.execute("CREATE UNIQUE INDEX sample_sets_once ON sample_sets (coalesce(project, 0), role, name, part)")
    for statement in (COUNTS, *TRIGGERS):
        op.execute(statement)
