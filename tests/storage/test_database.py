"""Opening a data folder, and transactions of many threads and processes at once."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import UserError
from storage import store
from storage.database import FILE_NAME, Database, open_database
from storage.tables.projects import projects, rounds
from tests.storage.world import a_project

ROOT = Path(__file__).resolve().parents[2]
ADD_ONE = """
import sys
from pathlib import Path
from sqlalchemy import select, update
from storage.database import open_database
from storage.tables import projects

db = open_database(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with db.write() as c:
        count = int(c.scalar(select(projects.c.student)))
        c.execute(update(projects).values(student=str(count + 1)))
db.close()
"""


def start(code: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def add_one(db: Database) -> None:
    """Read, then write a value computed from it: loses updates unless writers wait for each other."""
    with db.write() as connection:
        count = int(connection.scalar(select(projects.c.student)) or 0)
        connection.execute(update(projects).values(student=str(count + 1)))


def test_a_new_folder_is_made_with_write_ahead_log_foreign_keys_and_a_sync_at_each_commit(tmp_path: Path) -> None:
    db = open_database(tmp_path / "some where" / "100% new?")
    assert db.adapters.is_dir()
    with db.read() as reader, db.write() as writer:
        for connection in (reader, writer):
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
            ]
            assert found == ["wal", 1, 30_000, 2]
    db.close()
    assert [path.name for path in sorted(db.data.iterdir())] == ["adapters", FILE_NAME]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    db = open_database(tmp_path)
    with db.write() as connection:
        a_project(connection)
    db.close()
    again = open_database(tmp_path)
    with again.read() as connection:
        assert [project.name for project in store.list_projects(connection)] == ["demo"]
    again.close()


def test_a_write_that_raises_leaves_nothing(db: Database) -> None:
    def write_and_stop() -> None:
        with db.write() as connection:
            a_project(connection, validation=3)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_stop()
    with db.read() as connection:
        assert store.list_projects(connection) == []


def test_a_reader_cannot_write(db: Database) -> None:
    with db.read() as connection, pytest.raises(OperationalError, match="readonly"):
        a_project(connection)


def test_a_row_cannot_refer_to_what_is_not_there(db: Database) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), db.write() as connection:
        connection.execute(insert(rounds).values(project=99, number=0))


def test_a_reader_sees_one_state_and_never_waits_for_a_writer(db: Database) -> None:
    with db.write() as connection:
        a_project(connection, "first")
    with db.read() as reader, db.write() as writer:
        assert len(store.list_projects(reader)) == 1
        a_project(writer, "second")
        assert len(store.list_projects(reader)) == 1
    with db.read() as reader:
        assert len(store.list_projects(reader)) == 2


def test_plain_sqlite_fails_where_a_read_turns_into_a_write_and_ours_does_not(db: Database) -> None:
    """Why ``write`` starts with a write statement: the counterpart of the next test."""
    with db.write() as connection:
        a_project(connection)
    late = sqlite3.connect(db.data / FILE_NAME, isolation_level=None)
    late.execute("BEGIN")
    late.execute("SELECT * FROM projects").fetchall()
    with db.write() as connection:
        connection.execute(update(projects).values(student="0"))
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        late.execute("UPDATE projects SET student = '9'")
    late.close()
    add_one(db)


def test_eight_threads_and_two_processes_lose_no_update(db: Database) -> None:
    with db.write() as connection:
        a_project(connection)
        connection.execute(update(projects).values(student="0"))

    def work() -> None:
        for _ in range(40):
            add_one(db)
            with db.read() as connection:
                connection.scalar(select(projects.c.student))

    others = [start(ADD_ONE, db.data, 150) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        threads = [pool.submit(work) for _ in range(8)]
    assert [(other.communicate(timeout=60)[1], other.returncode) for other in others] == [("", 0), ("", 0)]
    assert [thread.exception() for thread in threads] == [None] * 8
    with db.read() as connection:
        assert connection.scalar(select(projects.c.student)) == str(8 * 40 + 2 * 150)


def test_processes_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from storage.database import open_database as o; o(Path(sys.argv[1]))"
    others = [start(code, tmp_path / "new") for _ in range(4)]
    assert [(other.communicate(timeout=60)[1], other.returncode) for other in others] == [("", 0)] * 4


def test_a_writer_that_never_gets_its_turn_is_told_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.05)
    monkeypatch.setattr("storage.connections.BUSY_SECONDS", 0.05)
    impatient = open_database(db.data)
    with db.write() as connection:
        a_project(connection)
        with pytest.raises(UserError, match="Something else has been writing"), impatient.write():
            pass
    with impatient.write() as connection:
        store.project_named(connection, "demo")
    impatient.close()


@pytest.mark.parametrize("content", [b"no database", b"PK\x03\x04" * 500])
def test_another_kind_of_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(UserError, match=r"file is not a database.*choose another --data"):
        open_database(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UserError, match="choose another --data"):
        open_database(tmp_path / "data")
