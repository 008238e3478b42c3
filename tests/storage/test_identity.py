"""A database that is moved, removed or replaced while it is open takes no writes, and goes on when it is back."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.engines.local_engine import LocalEngine
from app.worker.loop import serve_jobs
from core.errors import FolderError
from core.types import Settings
from storage import store
from storage.database import FILE_NAME, Database, open_database
from storage.support_parts import drop_part

pytestmark = pytest.mark.process


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The file of another data directory, closed."""
    db = open_database(tmp_path / "other")
    write(db, "theirs")
    db.close()
    return db.data / FILE_NAME


def write(db: Database, name: str) -> None:
    with db.write() as connection:
        store.create_project(connection, name, student="s", teacher="t", settings=Settings())


def names(db: Database) -> list[str]:
    with db.read() as connection:
        return [each.name for each in store.list_projects(connection)]


def copy(source: Path, target: Path) -> None:
    """Copy in a process of its own: closing a database here would drop this process's locks on it."""
    subprocess.run(["cp", "--preserve=all", str(source), str(target)], check=True)


def overwrite(source: Path, target: Path) -> None:
    """Write the content of one file into another, which stays the same file."""
    subprocess.run(["cp", str(source), str(target)], check=True)


def refuses(db: Database, why: str) -> None:
    for act in (lambda: write(db, "lost"), lambda: names(db)):
        with pytest.raises(FolderError, match=why):
            act()


def moved(file: Path, _: Path) -> Callable[[], None]:
    away = file.with_name("away.db")
    file.rename(away)
    return lambda: away.rename(file) and None


def with_its_directory(file: Path, _: Path) -> Callable[[], None]:
    away = file.parent.with_name("away")
    file.parent.rename(away)
    return lambda: away.rename(file.parent) and None


def replaced_by_another(file: Path, other: Path) -> Callable[[], None]:
    away = file.with_name("away.db")
    file.rename(away)
    shutil.copy(other, file)
    return lambda: os.replace(away, file)


def back_as_a_copy(file: Path, _: Path) -> Callable[[], None]:
    copy(file, file.with_name("copy.db"))
    file.unlink()
    return lambda: file.with_name("copy.db").rename(file) and None


WAYS = {
    moved: "is not there any more",
    with_its_directory: "is not there any more",
    replaced_by_another: "was replaced by another database",
    back_as_a_copy: "is not there any more",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_written_until_the_right_one_is_back_and_then_all_goes_on_by_itself(
    way: Callable[[Path, Path], Callable[[], None]], db: Database, other: Path
) -> None:
    write(db, "before")
    checkpoint(db)  # so that a copy of the file alone is whole
    put_back = way(db.data / FILE_NAME, other)
    refuses(db, WAYS[way])
    put_back()
    assert names(db) == ["before"]
    write(db, "after")
    db.close()
    again = open_database(db.data)
    assert names(again) == ["after", "before"]
    again.close()


def checkpoint(db: Database) -> None:
    """Write the log into the file."""
    with db.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        assert connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0
        connection.exec_driver_sql("BEGIN")


def test_a_database_written_over_is_told_from_the_right_one(db: Database, other: Path) -> None:
    write(db, "before")
    checkpoint(db)
    overwrite(other, db.data / FILE_NAME)
    refuses(db, "was replaced by another database")


def test_an_older_copy_of_the_same_database_is_not_gone_on_with(db: Database, tmp_path: Path) -> None:
    write(db, "before")
    checkpoint(db)
    copy(db.data / FILE_NAME, tmp_path / "older.db")
    write(db, "between")
    checkpoint(db)
    assert names(db) == ["before", "between"]
    overwrite(tmp_path / "older.db", db.data / FILE_NAME)
    refuses(db, "an older copy of itself")


def test_what_is_no_database_is_refused_and_left_alone(db: Database) -> None:
    write(db, "before")
    checkpoint(db)
    (db.data / FILE_NAME).rename(db.data / "away.db")
    (db.data / FILE_NAME).write_text("no database at all" * 100)
    refuses(db, "no database")
    assert (db.data / FILE_NAME).read_text().startswith("no database")


@pytest.mark.parametrize("whose", ["another database's", "that of an older copy"])
def test_a_foreign_log_beside_the_database_is_refused_before_sqlite_writes_it_into_the_file(
    whose: str, tmp_path: Path
) -> None:
    first, second = open_database(tmp_path / "first"), open_database(tmp_path / "second")
    for db in (first, second):
        write(db, "one")
    source = second if whose == "another database's" else first
    copy(log_of(source), tmp_path / "kept-wal")
    for db in (first, second):
        checkpoint(db)
        write(db, "two")
        db.close()
    copy(tmp_path / "kept-wal", log_of(first))
    before = {path.name: path.read_bytes() for path in first.data.iterdir() if path.is_file()}
    with pytest.raises(FolderError, match="belongs to another database"):
        open_database(first.data)
    assert {path.name: path.read_bytes() for path in first.data.iterdir() if path.is_file()} == before
    log_of(first).unlink()
    again = open_database(first.data)
    assert names(again) == ["one", "two"]
    again.close()


def log_of(db: Database) -> Path:
    return db.data / f"{FILE_NAME}-wal"


def test_the_log_of_a_killed_process_is_its_own(tmp_path: Path) -> None:
    db = open_database(tmp_path / "data")
    checkpoint(db)
    write(db, "one")
    copy(db.data / FILE_NAME, tmp_path / "file")
    copy(log_of(db), tmp_path / "log")
    (killed := tmp_path / "killed").mkdir()
    copy(tmp_path / "file", killed / FILE_NAME)
    copy(tmp_path / "log", killed / f"{FILE_NAME}-wal")
    again = open_database(killed)
    assert names(again) == ["one"]
    again.close()
    db.close()


def move_between_check_and_connection(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the file once it has been checked, and close the connections that are open, so that new ones are made."""
    check, file = Database.check_identity, db.data / FILE_NAME

    def check_then_move(self: Database) -> None:
        check(self)
        if file.exists():
            file.rename(db.data / "away.db")
            db.reader.dispose()
            db.writer.dispose()

    monkeypatch.setattr(Database, "check_identity", check_then_move)


ACTS: dict[str, Callable[[Database], object]] = {
    "read": names,
    "write": lambda db: write(db, "lost"),
    "drop a part": lambda db: drop_part(db, 1),
    "back up": lambda db: create_backup(db, db.data / "b.switchpoint", on_progress=lambda _: None),
}
OPENING: dict[str, Callable[[Database], object]] = {
    "open": lambda db: open_database(db.data, background=True),
    "run a worker": lambda db: serve_jobs(db.data, LocalEngine("cpu"), idle_minutes=0.0),
}


@pytest.mark.parametrize("act", [*ACTS.values(), *OPENING.values()], ids=[*ACTS, *OPENING])
def test_nothing_makes_an_empty_database_in_the_place_of_one_that_was_moved(
    act: Callable[[Database], object], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, "before")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (db.data / FILE_NAME).rename(db.data / "away.db")
    with pytest.raises(FolderError, match=r"is not there any more|There is no database in"):
        act(db)
    assert not (db.data / FILE_NAME).exists()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nor_where_it_is_moved_between_the_check_and_the_connection(
    act: Callable[[Database], object], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, "before")
    move_between_check_and_connection(db, monkeypatch)
    with pytest.raises(FolderError, match="is not there any more"):
        act(db)
    assert not (db.data / FILE_NAME).exists()
