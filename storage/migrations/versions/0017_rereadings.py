"""Re-readings: by which rules a prediction was read, what was read again, and what that replaced, to put it back.

The text index, which held the errors as they were predicted, follows what a re-reading changes.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = (
    """CREATE TABLE rereadings (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        rounds TEXT NOT NULL,
        reading_version INTEGER NOT NULL,
        reviewer TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT rereadings_key PRIMARY KEY (id),
        CONSTRAINT rereadings_project_exists FOREIGN KEY(project) REFERENCES projects (id)
    )""",
    """CREATE TABLE replaced_readings (
        rereading INTEGER NOT NULL,
        round INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        steps TEXT NOT NULL,
        answer TEXT,
        reading TEXT NOT NULL,
        span TEXT,
        correct BOOLEAN NOT NULL,
        score FLOAT,
        read_confidence FLOAT NOT NULL,
        reading_version INTEGER NOT NULL,
        CONSTRAINT replaced_readings_key PRIMARY KEY (rereading, round, sample),
        CONSTRAINT replaced_readings_round_sample_exists
            FOREIGN KEY(round, sample) REFERENCES predictions (round, sample),
        CONSTRAINT replaced_readings_rereading_exists FOREIGN KEY(rereading) REFERENCES rereadings (id)
    )""",
    """CREATE TABLE set_aside_diagnoses (
        rereading INTEGER NOT NULL,
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
        votes INTEGER NOT NULL,
        bounded TEXT NOT NULL,
        prompts TEXT NOT NULL,
        skill_step INTEGER,
        CONSTRAINT set_aside_diagnoses_key PRIMARY KEY (rereading, round, sample),
        CONSTRAINT set_aside_diagnoses_round_sample_exists
            FOREIGN KEY(round, sample) REFERENCES predictions (round, sample),
        CONSTRAINT set_aside_diagnoses_rereading_exists FOREIGN KEY(rereading) REFERENCES rereadings (id)
    )""",
    """CREATE TABLE set_aside_evidence (
        rereading INTEGER NOT NULL,
        round INTEGER NOT NULL,
        teacher TEXT NOT NULL,
        method TEXT NOT NULL,
        variant TEXT NOT NULL,
        sample INTEGER NOT NULL,
        value TEXT NOT NULL,
        CONSTRAINT set_aside_evidence_key PRIMARY KEY (rereading, round, teacher, method, variant, sample),
        CONSTRAINT set_aside_evidence_round_sample_exists
            FOREIGN KEY(round, sample) REFERENCES predictions (round, sample),
        CONSTRAINT set_aside_evidence_rereading_exists FOREIGN KEY(rereading) REFERENCES rereadings (id)
    )""",
    "CREATE INDEX rereadings_by_project_id ON rereadings (project, id)",
    "ALTER TABLE predictions ADD COLUMN reading_version INTEGER DEFAULT 0 NOT NULL",
    "CREATE INDEX predictions_by_reading_version ON predictions (round, reading_version)",
)

_ROW = "(SELECT rowid FROM case_texts WHERE case_texts MATCH 'scope:c' || OLD.round || 's' || OLD.sample)"
TRIGGERS = (
    """CREATE TRIGGER case_texts_of_new_error AFTER UPDATE OF correct ON predictions
        WHEN OLD.correct = 1 AND NEW.correct = 0 BEGIN
        INSERT INTO case_texts (scope, question, rationale, skill, sample)
        SELECT 'r' || NEW.round || ' c' || NEW.round || 's' || NEW.sample, samples.question, NEW.text, '', NEW.sample
        FROM samples JOIN sample_sets ON sample_sets.id = samples.sample_set AND sample_sets.role = 'validation'
        WHERE samples.id = NEW.sample;
    END""",
    f"""CREATE TRIGGER case_texts_of_no_error AFTER UPDATE OF correct ON predictions
        WHEN OLD.correct = 0 AND NEW.correct = 1 BEGIN
        DELETE FROM case_texts WHERE rowid = {_ROW};
    END""",  # constants of this file  # nosec B608
    f"""CREATE TRIGGER case_texts_of_no_diagnosis AFTER DELETE ON diagnoses BEGIN
        UPDATE case_texts SET skill = '' WHERE rowid = {_ROW};
    END""",  # constants of this file  # nosec B608
)


def upgrade() -> None:
    """Add the tables, the column with its index, and the triggers."""
    for statement in (*TABLES, *TRIGGERS):
        op.execute(statement)
