"""Rulings and leaks: what people pin and remove, what a selection left out and why, and what it is made of."""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    """CREATE TABLE rulings (
        id INTEGER NOT NULL,
        project INTEGER NOT NULL,
        skill TEXT NOT NULL,
        act TEXT NOT NULL,
        sample INTEGER,
        task TEXT,
        reviewer TEXT NOT NULL,
        created TEXT NOT NULL,
        CONSTRAINT rulings_key PRIMARY KEY (id),
        CONSTRAINT rulings_act_known CHECK (act IN ('pin', 'remove', 'clear')),
        CONSTRAINT rulings_on_one_or_a_task CHECK ((sample IS NULL) <> (task IS NULL)),
        CONSTRAINT rulings_project_exists FOREIGN KEY(project) REFERENCES projects (id),
        CONSTRAINT rulings_sample_exists FOREIGN KEY(sample) REFERENCES samples (id)
    )""",
    "CREATE INDEX rulings_by_project_skill_sample_task ON rulings (project, skill, sample, task)",
    """CREATE TABLE leaks (
        selection INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        why TEXT NOT NULL,
        key TEXT NOT NULL,
        measured INTEGER NOT NULL,
        CONSTRAINT leaks_key PRIMARY KEY (selection, sample, why),
        CONSTRAINT leaks_selection_exists FOREIGN KEY(selection) REFERENCES selections (id),
        CONSTRAINT leaks_sample_exists FOREIGN KEY(sample) REFERENCES samples (id),
        CONSTRAINT leaks_measured_exists FOREIGN KEY(measured) REFERENCES samples (id)
    ) WITHOUT ROWID""",
    "ALTER TABLE selections ADD COLUMN rulings TEXT DEFAULT '[]' NOT NULL",
    "ALTER TABLE selections ADD COLUMN make_up TEXT",
)
KEPT = {
    "rulings are append-only": ("UPDATE ON rulings", "DELETE ON rulings"),
    "a selection never changes": ("UPDATE ON leaks", "DELETE ON leaks"),
}


def upgrade() -> None:
    """Add the two tables, what selections keep of them, and the triggers that keep what was said and made."""
    for statement in STATEMENTS:
        op.execute(statement)
    for reason, actions in KEPT.items():
        for action in actions:
            name = f"keep_{action.split()[-1]}_from_{action.split()[0].lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {action} BEGIN SELECT RAISE(ABORT, '{reason}'); END")
