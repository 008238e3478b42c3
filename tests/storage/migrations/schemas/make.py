"""Writes a small database of every schema so far, each with a row in every table.

Run ``python -m tests.storage.migrations.schemas.make`` after adding a migration. An existing file is kept, since it is
what that version wrote.
"""

import gzip
import shutil
import sqlite3
import tempfile
from pathlib import Path

from alembic.script import ScriptDirectory

from storage import migrations
from storage.migrations import upgrade

HERE = Path(__file__).parent
FIRST = """
INSERT INTO images VALUES ('ab', 'image/png', 8, 6, x'00ff');
INSERT INTO projects VALUES (1, 'old', 'a student', 'a teacher',
    '{"student_prompt": "{question}\\n{options}", "prior": 0.6, "support": "flan", "tuning": {"epochs": 2.0}}',
    '2026');
INSERT INTO jobs VALUES (1, 'predict', 1, '{"round": 1}', 'done', 2, 2, 'm', '', 'w', 9, 1.5, 0, '2026', 's', 'f', 0,
    'a'),
    (2, 'tune', 1, '{"run": 1}', 'running', 1, 2, '', '', 'w', 9, 1.5, 0, '2026', 's', NULL, 0, 'a');
INSERT INTO rounds VALUES (1, 1, 0, '2026'), (2, 1, 1, '2026');
INSERT INTO sample_sets (id, project, role, name, created)
VALUES (1, 1, 'validation', '', '2026'), (2, 1, 'test', '', '2026'), (3, NULL, 'support', 'flan', '2026');
INSERT INTO samples (id, sample_set, source_id, question, options, answer, category, task, response, skill_label, image)
VALUES (1, 1, 'v1', 'Was ist 7 + 5?', '["12", "13"]', '12', 'sums', '', '', '', 'ab'),
    (2, 2, 't1', 'q', '[]', 'yes', '', '', '', '', NULL),
    (3, 3, 's1', 'q', '[]', 'yes', '', 'task', 'r', 'reading', 'ab'),
    (4, 3, 's2', 'q', '[]', 'yes', '', 'task', 'r', '', NULL);
INSERT INTO selections VALUES (1, 1, 1, 'flan', 'targeted', 1, 0, '[]', 0, '2026');
INSERT INTO gold VALUES (1, 1, 2);
INSERT INTO hits VALUES (1, 1, 3, 'reading', 1.25, '["reading"]');
INSERT INTO predictions (round, sample, text, steps, answer, reading, span, correct)
VALUES (1, 1, 'Step 1: ü. Step 2: y.', '["ü.", "y."]', '13', 'the answer is', '[3, 5]', 0),
    (1, 2, 'yes', '[]', 'yes', 'whole', NULL, 1);
INSERT INTO runs VALUES (1, 1, 1, 1, '{"rank": 2}', 'run-1/adapter', 2, '2026');
INSERT INTO diagnoses (round, sample, candidates, truth, predicted, probabilities, status, mistake_step, confidence,
    skill, prior, delta, lam, teacher)
VALUES (1, 1, '["12", "13"]', 0, 1, '[[0.6, 0.4], [0.1, 0.9], [0.1, 0.9]]', 'switched', 1, 0.8, 'adding',
    0.6, 0.0, 2, 't');
INSERT INTO reviews (id, round, sample, reviewer, verdict, mistake_step, skill, answer, correct, note, undoes, created)
VALUES (1, 1, 1, 'Ada', 'rejected', NULL, '', NULL, NULL, 'no', NULL, '2026'),
    (2, 1, 1, 'Ada', 'edited', 2, 'adding two numbers', NULL, NULL, '', 1, '2026');
INSERT INTO updates (run, number, total, epoch, loss, learning_rate, samples_per_second)
VALUES (1, 1, 2, 0.5, 0.7, 0.001, 3.5);
"""
# The rows of the tables and columns that each later schema added, written under that schema.
LATER = {
    "0002": """INSERT INTO drafts VALUES (1, 1, 'Bob', 1, 'half a thou', NULL, 'n', '2026');
        INSERT INTO bulk_reviews VALUES (2, 2);""",
    "0003": """UPDATE samples SET answers = '["12", "twelve"]', hint = 'h', lecture = 'l' WHERE id = 1;
        UPDATE predictions SET score = 0.5, read_confidence = 0.25 WHERE sample = 1;""",
    "0006": """INSERT INTO label_checks VALUES (3, 'Ada', 1, 1, '2026');
        INSERT INTO images VALUES ('file:1', 'image/png', 0, 0, NULL, '/nowhere/1.png', 'cd', '5 6');""",
    "0008": """INSERT INTO replies VALUES ('key', 'a reply', '2026');
        INSERT INTO spending VALUES (1, 'gpt', 3, 40, 5);""",
    "0009": """INSERT INTO pending_imports VALUES (1, 1, 'Ada', '{}', 'f.json', '', 3, NULL, '', 1, '2026');
        INSERT INTO tries VALUES (1, 'student', 1, 'a student', '{}', '2026');""",
    "0010": """INSERT INTO trials VALUES (1, 1, 1, '{}', 'random', 1, 0, 1, 1, 2, '', '2026');
        INSERT INTO evidence VALUES (1, 't', 'asking', '', 1, '[0.5]');""",
    "0011": "INSERT INTO adoptions VALUES (1, 1, 2, 1, 'test', 1, '[\"Nothing broke.\"]', 'Ada', 'why not', '2026');",
    "0012": """INSERT INTO rulings VALUES (1, 1, 'adding', 'pin', 3, NULL, 'Ada', '2026');
        INSERT INTO leaks VALUES (1, 4, 'question', 'q', 2);""",
    "0013": "INSERT INTO estimates VALUES (1, '{}', '{}', '2026');",
    "0014": """INSERT INTO logins VALUES ('ada', 'hash', '2026');
        INSERT INTO sessions VALUES ('k', 'ada', 'here', 1.5, '2026');
        INSERT INTO attempts VALUES ('k', 1, 1.5);""",
    "0015": """INSERT INTO batches VALUES (1, 1, 'flan', 'group', 'gpt', 'http://h/v1', 'token', 'b1', 'in_progress', 2,
            30, 4, 1, 0, '', '2026', '2026', NULL);
        INSERT INTO batched_requests VALUES ('ab', 1, 1, 0, ''), ('cd', 1, NULL, 2, 'too long');
        UPDATE spending SET batch_in = 20, batch_out = 2;""",
    "0017": """INSERT INTO rereadings VALUES (1, 1, '[1]', 1, 'Ada', '2026');
        INSERT INTO replaced_readings VALUES (1, 1, 2, '["z"]', 'no', 'whole', '[0, 2]', 0, 0.5, 0.25, 0);
        INSERT INTO set_aside_diagnoses VALUES (1, 1, 2, '["yes", "no"]', 0, 1, '[[0.6, 0.4], [0.1, 0.9]]',
            'switched', 1, 0.8, 'adding', 0.6, 0.0, 2, 't', 0, '[]', '', 1);
        INSERT INTO set_aside_evidence VALUES (1, 1, 't', 'asking', '', 2, '[0.5]');""",
}


def versions() -> list[str]:
    """Every schema, oldest first."""
    known = ScriptDirectory(Path(migrations.__file__).parent).walk_revisions()
    return [each.revision for each in known][::-1]


def bring_to(file: Path, version: str, folder: Path) -> None:
    """Upgrade the file to that version."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for later in (folder / "versions").glob("[0-9]*.py"):
        if later.name[:4] > version:
            later.unlink()
    file.touch()
    upgrade(file, folder)


def make() -> None:
    """Write the files that are missing."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "old.db"
        for version in versions():
            bring_to(file, version, Path(place) / "migrations")
            connection = sqlite3.connect(file)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(FIRST if version == "0001" else LATER.get(version, ""))
            connection.commit()
            connection.execute("VACUUM")
            connection.close()
            target = HERE / f"{version}.db.gz"
            if not target.exists():
                target.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
                print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    make()
