"""The migrations lead to ``storage.tables``, and a failing one leaves the file unchanged."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from core.errors import UserError
from core.types import Settings, TuningSettings
from storage import migrations, store
from storage.database import FILE_NAME, Database, open_database
from storage.migrations import upgrade
from storage.tables import metadata
from tests.storage.migrations.schemas.make import bring_to
from tests.storage.world import a_project

NEXT = """
import os, signal
from alembic import op

revision = "next"
down_revision = "{newest}"

def upgrade():
    op.execute("CREATE TABLE half (id INTEGER)")
    op.execute("ALTER TABLE projects ADD COLUMN half TEXT")
    op.execute("UPDATE projects SET student = 'changed'")
    {end}
"""


def parts(sql: str) -> list[str]:
    """The columns and constraints of a statement, sorted: SQLite appends an added column after the constraints."""
    # SQLite quotes the name of a table that was renamed.
    head, _, inside = re.sub(r'[\s"]+', "", sql).partition("(")
    return [head, *sorted(re.split(r",(?![^()]*\))", inside.removesuffix(")")))]


def schema(path: Path, *kinds: str) -> dict[str, list[str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: parts(sql) for name, kind, sql in found if (not kinds or kind in kinds) and name != "alembic_version"}


def everything(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    dump = list(connection.iterdump())
    connection.close()
    return dump


def folder_with(tmp_path: Path, end: str) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    newest = ScriptDirectory(folder).get_current_head()
    (folder / "versions" / "next.py").write_text(NEXT.format(end=end, newest=newest))
    return folder


def filled(tmp_path: Path) -> Path:
    db = open_database(tmp_path / "data")
    with db.write() as connection:
        a_project(connection, validation=3)
    db.close()
    return db.data / FILE_NAME


def test_the_migrations_lead_to_the_tables(db: Database, tmp_path: Path) -> None:
    metadata.create_all(engine := create_engine(f"sqlite:///{tmp_path / 'tables.db'}"))
    engine.dispose()
    built = schema(db.data / FILE_NAME, "table", "index")
    # A virtual table with tables of its own, which SQLAlchemy cannot describe.
    assert {name for name in built if name.startswith("case_texts")} > {"case_texts"}
    built = {name: sql for name, sql in built.items() if not name.startswith("case_texts")}
    assert built == schema(tmp_path / "tables.db")


@pytest.mark.parametrize(
    ("end", "error", "said"),
    [
        ('op.execute("DELETE FROM nowhere")', OperationalError, "no such table: nowhere"),
        ('op.execute("DELETE FROM projects")', RuntimeError, "rows without what they refer to"),
    ],
)
def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, end: str, error: type[Exception], said: str
) -> None:
    path = filled(tmp_path)
    before = everything(path)
    with pytest.raises(error, match=said):
        upgrade(path, folder_with(tmp_path, end))
    assert everything(path) == before


def test_a_first_migration_that_fails_leaves_an_empty_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "raise RuntimeError('stop')")
    (tmp_path / "new.db").touch()
    with pytest.raises(RuntimeError, match="stop"):
        upgrade(tmp_path / "new.db", folder)
    assert everything(tmp_path / "new.db") == ["BEGIN TRANSACTION;", "COMMIT;"]


def test_a_migration_that_works_runs_once(tmp_path: Path) -> None:
    path = filled(tmp_path)
    folder = folder_with(tmp_path, "pass")
    upgrade(path, folder)
    after = everything(path)
    assert "half" in schema(path)
    upgrade(path, folder)
    assert everything(path) == after


def test_a_file_of_a_newer_switchpoint_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path)
    upgrade(path, folder_with(tmp_path, "pass"))
    before = everything(path)
    with pytest.raises(UserError, match=r"newer Switchpoint \(schema next\).*update Switchpoint"):
        open_database(path.parent)
    assert everything(path) == before


def test_opening_an_up_to_date_folder_waits_for_no_writer(db: Database) -> None:
    with db.write() as connection:
        a_project(connection)
        other = open_database(db.data)
        with other.read() as reader:
            assert store.list_projects(reader) == []
        other.close()


def test_an_old_projects_student_prompt_becomes_its_own_text_word_for_word(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / FILE_NAME
    bring_to(file, "0006", tmp_path / "migrations")
    asked = 'Sag {{"ü"}}:\n{question}\n{options}'
    old = {"student_prompt": asked, "prior": 0.1 + 0.2, "lam": 3, "support": "", "tuning": {"epochs": 1 / 3}}
    connection = sqlite3.connect(file)
    columns = "(id, name, student, teacher, settings, created)"
    connection.execute(f"INSERT INTO projects {columns} VALUES (1, 'old', 's', 't', ?, '2026')", [json.dumps(old)])
    connection.commit()
    connection.close()
    db = open_database(tmp_path / "data")
    with db.read() as connection:
        settings = store.project_named(connection, "old").settings
    db.close()
    tuning = TuningSettings(epochs=1 / 3)
    assert settings == Settings(prompts={"student": asked}, prior=0.1 + 0.2, lam=3, tuning=tuning)
