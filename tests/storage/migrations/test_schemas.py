"""Databases of every released schema: an upgrade keeps their content, and a failing one leaves them unchanged."""

import gzip
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from storage import store
from storage.database import FILE_NAME, open_database
from storage.images import image_bytes
from tests.chaos.small_disk import small_disk
from tests.storage.migrations.schemas.make import HERE, bring_to, versions
from tests.storage.migrations.test_migrations import everything, folder_with, schema

ROOT = Path(__file__).resolve().parents[3]
NEWEST = versions()[-1]
# Columns whose values a later schema stores in another form; their content is compared below.
REWRITTEN = {("projects", "settings"), ("samples", "skill_label")}


def old_database(version: str, data: Path) -> Path:
    """The data directory with a database of that version."""
    data.mkdir(parents=True)
    (data / FILE_NAME).write_bytes(gzip.decompress((HERE / f"{version}.db.gz").read_bytes()))
    return data


def rows(file: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables but those of the text index."""
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    own = [name for name in names if not name.startswith(("case_texts_", "sqlite_", "alembic_"))]
    found = {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in own}
    connection.close()
    return found


@pytest.mark.parametrize("version", versions())
def test_a_database_of_an_old_schema_keeps_every_row(version: str, tmp_path: Path) -> None:
    data = old_database(version, tmp_path / "data")
    before = rows(data / FILE_NAME)
    assert all(before.values()), "every table holds something"
    db = open_database(data)
    after = rows(data / FILE_NAME)
    for table, old in before.items():
        same = [name for name in old[0] if (table, name) not in REWRITTEN and name in after[table][0]]
        assert [{name: row[name] for name in same} for row in after[table]][: len(old)] == [
            {name: row[name] for name in same} for row in old
        ], table
    with db.read() as connection:
        (project,) = store.list_projects(connection)
        assert project.settings.prompts == {"student": "{question}\n{options}"}
        assert (project.settings.support, project.settings.tuning.epochs) == ("flan", 2.0)
        assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=2, labelled=1, changes=0)]
        assert [each.skill_label for each in store.support_samples(connection, "flan")] == ["reading", ""]
        assert store.review_counts(connection, 1) == {"edited": 1}
        assert image_bytes(connection, "ab") == (b"\x00\xff", "image/png")
        assert connection.exec_driver_sql("SELECT skill FROM case_texts WHERE case_texts MATCH 'adding'").all()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    with db.write() as connection:
        store.save_labels(connection, [(4, "counting")])
        assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=2, labelled=2, changes=1)]
    db.close()
    fresh = open_database(tmp_path / "fresh")
    fresh.close()
    assert schema(data / FILE_NAME) == schema(fresh.data / FILE_NAME)


def test_every_schema_has_its_database() -> None:
    assert [f"{version}.db.gz" for version in versions()] == sorted(each.name for each in HERE.glob("*.gz"))


@pytest.mark.parametrize("version", [version for version in versions() if version != NEWEST])
def test_before_an_upgrade_the_database_is_copied_as_it_was(version: str, tmp_path: Path) -> None:
    data = old_database(version, tmp_path / "data")
    before = everything(data / FILE_NAME)
    open_database(data).close()
    (kept,) = data.glob(f"{FILE_NAME}.before-*")
    assert kept.name == f"{FILE_NAME}.before-{NEWEST}"
    assert everything(kept) == before
    open_database(data).close()
    assert [each.name for each in data.glob(f"{FILE_NAME}.*")] == [kept.name], "opened again, nothing is copied"


@pytest.mark.parametrize("version", ["0001", "0006", NEWEST])
def test_a_process_killed_while_it_upgrades_leaves_the_old_database(version: str, tmp_path: Path) -> None:
    path = old_database(version, tmp_path / "data") / FILE_NAME
    before = everything(path)
    folder = folder_with(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    code = "import sys, pathlib, storage.migrations as m; m.upgrade(*map(pathlib.Path, sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, path, folder], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert everything(path) == before
    open_database(path.parent).close()


def test_an_upgrade_that_does_not_fit_leaves_the_old_database(tmp_path: Path) -> None:
    refused = 0
    with small_disk(tmp_path / "disk", "16m") as disk:
        data = old_database("0001", disk.path / "data")
        before = everything(data / FILE_NAME)
        for room in range(0, 1600, 100):  # KiB: too little for the copy, then for the upgrade, then enough
            disk.fill(leave=room * 1024)
            try:
                open_database(data).close()
            except UserError as error:
                refused += 1
                assert "The disk is full" in str(error)  # noqa: PT017 - whether it fits is what is tried
                disk.free()
                assert everything(data / FILE_NAME) == before
                assert not list(data.glob("*.part")), "no half copy keeps the disk full"
            else:
                break
        disk.free()
        open_database(data).close()
    assert refused >= 3


REPEATED_LABELS = """
INSERT INTO sample_sets (id, project, role, name, created) VALUES (1, NULL, 'support', 'flan', 'then');
INSERT INTO images (hash, mime, width, height, content) VALUES ('ab', 'image/png', 8, 6, x'00ff');
INSERT INTO samples (id, sample_set, source_id, question, options, answer, category, task, response, skill_label, image)
VALUES (1, 1, 'a', 'q', '[]', 'yes', '', '', '', 'reading', 'ab'), (2, 1, 'b', 'q', '[]', 'yes', '', '', '', '', NULL),
    (3, 1, 'c', 'q', '[]', 'yes', '', '', '', 'reading', NULL);
INSERT INTO jobs (id, kind, args, state, done, total, message, error, worker, cancel_asked, created)
VALUES (7, 'label', '{"support": "flan"}', 'done', 1, 1, '', '', '', 0, 'then');
"""


def test_before_support_sets_at_scale_equal_labels_become_one_row(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    bring_to(tmp_path / "data" / FILE_NAME, "0003", tmp_path / "migrations")
    connection = sqlite3.connect(tmp_path / "data" / FILE_NAME)
    connection.executescript(REPEATED_LABELS)
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
