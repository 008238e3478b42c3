"""A file of the schema before support sets at scale: brought up to date, it still says what it said."""

import shutil
import sqlite3
from pathlib import Path

from storage import migrations, store
from storage.database import FILE_NAME, open_database
from storage.images import image_bytes
from storage.migrations import upgrade

BEFORE = """
INSERT INTO sample_sets (id, project, role, name, created) VALUES (1, NULL, 'support', 'flan', 'then');
INSERT INTO images (hash, mime, width, height, content) VALUES ('ab', 'image/png', 8, 6, x'00ff');
INSERT INTO samples (id, sample_set, source_id, question, options, answer, category, task, response, skill_label, image)
VALUES (1, 1, 'a', 'q', '[]', 'yes', '', '', '', 'reading', 'ab'), (2, 1, 'b', 'q', '[]', 'yes', '', '', '', '', NULL),
    (3, 1, 'c', 'q', '[]', 'yes', '', '', '', 'reading', NULL);
INSERT INTO jobs (id, kind, args, state, done, total, message, error, worker, cancel_asked, created)
VALUES (7, 'label', '{"support": "flan"}', 'done', 1, 1, '', '', '', 0, 'then');
"""


def test_labels_counts_images_and_jobs_survive(tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(Path(migrations.__file__).parent, old, ignore=shutil.ignore_patterns("__pycache__"))
    for version in (old / "versions").glob("*.py"):
        if version.name[:4] > "0003":
            version.unlink()
    (tmp_path / "data").mkdir()
    upgrade(tmp_path / "data" / FILE_NAME, old)
    connection = sqlite3.connect(tmp_path / "data" / FILE_NAME)
    connection.executescript(BEFORE)
    connection.close()
    db = open_database(tmp_path / "data")
    with db.write() as connection:
        assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=3, labelled=2, changes=0)]
        assert [each.skill_label for each in store.support_samples(connection, "")] == ["reading", "", "reading"]
        assert image_bytes(connection, "ab") == (b"\x00\xff", "image/png")
        store.save_labels(connection, [(2, "counting")])
        assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=3, labelled=3, changes=1)]
        assert connection.exec_driver_sql("SELECT id, kind FROM jobs").all() == [(7, "label")]
    db.close()
