"""Adoptions of rounds, and the indexes that lead from an error to its training samples and back."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    """CREATE TABLE adoptions (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        round INTEGER NOT NULL,
        against INTEGER,
        role TEXT NOT NULL,
        passed BOOLEAN NOT NULL,
        findings TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        reason TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT adoptions_key PRIMARY KEY (id),
        CONSTRAINT adoptions_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT adoptions_round_exists FOREIGN KEY(round) REFERENCES rounds (id),
        CONSTRAINT adoptions_against_exists FOREIGN KEY(against) REFERENCES rounds (id)
    )""",
    "CREATE INDEX adoptions_by_project_id ON adoptions (project, id)",
    "CREATE INDEX hits_by_sample ON hits (sample, selection)",
    "CREATE INDEX hits_by_skill ON hits (selection, skill, position)",
    "CREATE INDEX reviews_by_skill ON reviews (round, skill, sample, id)",
    *(
        f"CREATE TRIGGER keep_adoptions_from_{action.lower()} BEFORE {action} ON adoptions "
        "BEGIN SELECT RAISE(ABORT, 'adoptions are append-only'); END"
        for action in ("UPDATE", "DELETE")
    ),
)


def upgrade() -> None:
    """Add the table, its triggers and the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
