"""An untrusted backup that names files of this machine: none is read, shown or sent, and the project opens."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.backup.sanitize import OUTSIDE
from app.cli.main import cli
from app.cli.terminal import run_command_line
from core.errors import UserError
from core.student.endpoint import data_url
from core.types import Settings
from storage import jobs, store
from storage.database import FILE_NAME, Database, open_database
from storage.images import image_bytes, image_path
from tests.projects.finished_loop import LOOP, finish_loop

SECRET = b"root:x:0:0 and whatever else nobody else may see"
NAMES = {
    "a full path": "{here}/secret.txt",
    "a way up": "../../../../../../../../..{here}/secret.txt",
    "a way up in the middle": "{here}/allowed/../secret.txt",
    "a link": "{here}/allowed/link.png",
    "a folder that is a link": "{here}/allowed/folder/secret.txt",
    "links in a circle": "{here}/allowed/circle/secret.txt",
    "a process": "/proc/self/environ",
    "nothing": "",
    "a zero byte": "{here}/allowed/a.png\x00{here}/secret.txt",
    "a longer name": "{here}/allowedly/secret.txt",
}


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A stranger's project; of this machine the folder "allowed" may be read, from which links lead elsewhere."""
    for name in ("allowed", "allowedly"):
        (tmp_path / name).mkdir()
    for file in ("secret.txt", "allowedly/secret.txt"):
        (tmp_path / file).write_bytes(SECRET)
    (tmp_path / "allowed" / "link.png").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "allowed" / "folder").symlink_to(tmp_path)
    (tmp_path / "allowed" / "circle").symlink_to(tmp_path / "allowed" / "circle")
    monkeypatch.setenv("SWITCHPOINT_ROOTS", str(tmp_path / "allowed"))
    with closing(open_database(tmp_path / "theirs")) as db:
        finish_loop(db)
        yield db


def name_image(db: Database, path: object) -> None:
    with db.write() as connection:
        values = ("file:1", "image/png", 0, 0, path)
        connection.exec_driver_sql(
            "INSERT INTO images (hash, mime, width, height, path) VALUES (?, ?, ?, ?, ?)", values
        )
        connection.exec_driver_sql("UPDATE samples SET image = 'file:1' WHERE id = 1")


def restored(db: Database, capsys: pytest.CaptureFixture[str]) -> tuple[Database, str]:
    here = db.data.parent
    create_backup(db, here / "kept.zip", on_progress=lambda _: None)
    assert run_command_line(cli, ["restore", str(here / "kept.zip"), "--data", str(here / "new")]) == 0
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return open_database(here / "new"), " ".join(said.out.split())


def not_restored(db: Database, match: str) -> None:
    here = db.data.parent
    create_backup(db, here / "kept.zip", on_progress=lambda _: None)
    with pytest.raises(UserError, match=match):
        restore_backup(here / "kept.zip", here / "new", on_progress=lambda _: None)
    assert not (here / "new").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_that_names_a_file_outside_is_looked_for_in_the_new_directory(
    loop: Database, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = loop.data.parent
    name_image(loop, NAMES[name].format(here=here))
    new, said = restored(loop, capsys)
    assert "1 images name files outside of the folders that may be read" in said
    assert f"they are looked for in {here / 'new' / OUTSIDE} instead" in said
    assert "SWITCHPOINT_ROOTS" in said
    with new.read() as connection:
        moved = Path(image_path(connection, "file:1") or "")
        assert moved.resolve().is_relative_to(here / "new" / OUTSIDE)
        with pytest.raises(UserError, match="cannot be read"):
            image_bytes(connection, "file:1")
        assert store.review_counts(connection, 1) == {"accepted": 30}, "all else is there"
    moved.parent.mkdir(parents=True)
    moved.write_bytes(b"put there by a person")
    with new.read() as connection:
        assert image_bytes(connection, "file:1")[0] == b"put there by a person"
    new.close()


def test_an_image_where_reading_is_allowed_stays_there(loop: Database, capsys: pytest.CaptureFixture[str]) -> None:
    file = loop.data.parent / "allowed" / "one.png"
    file.write_bytes(b"pixels")
    name_image(loop, str(file))
    new, said = restored(loop, capsys)
    assert "1 of its images lie in files and are looked for where they were" in said
    assert "outside" not in said
    with closing(new), new.read() as connection:
        assert image_bytes(connection, "file:1")[0] == b"pixels"


def test_of_many_images_each_is_looked_at(loop: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with loop.write() as connection:
        asked = "INSERT INTO images (rowid, hash, mime, width, height, path) VALUES (?, ?, 'image/png', 0, 0, ?)"
        for number in range(2500):
            row = number - 1000 if number < 1000 else number
            connection.exec_driver_sql(asked, (row, f"file:{number}" if number else "", f"/etc/{number}"))
    new, said = restored(loop, capsys)
    assert "2,500 images name files outside" in said
    with closing(new), new.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM images WHERE path LIKE '/etc%'").scalar() == 0


def test_a_row_beyond_counting_is_refused(loop: Database) -> None:
    with loop.write() as connection:
        values = (2**63 - 1, "file:1", "/etc/passwd")
        connection.exec_driver_sql(
            "INSERT INTO images (rowid, hash, mime, width, height, path) VALUES (?, ?, '', 0, 0, ?)", values
        )
    not_restored(loop, "its rows cannot be looked at")


def test_a_path_that_is_no_text_is_none(loop: Database, capsys: pytest.CaptureFixture[str]) -> None:
    name_image(loop, f"{loop.data.parent}/secret.txt".encode())
    new, said = restored(loop, capsys)
    assert "1 images name files outside" in said
    new.close()


def test_an_import_that_waits_reads_no_file_of_this_machine(loop: Database, capsys: pytest.CaptureFixture[str]) -> None:
    here = loop.data.parent
    stolen = {"what": "support", "path": str(here / "secret.txt"), "name": "stolen"}
    with loop.write() as connection:
        project = store.project_named(connection, LOOP).id
        store.begin_pending_import(connection, project, "Ada", request=stolen, file="secret.txt", upload="")
        job = jobs.put(connection, "import", None, stolen)
        own = jobs.put(connection, "import", None, stolen | {"path": "hf:owner/name"})
    new, said = restored(loop, capsys)
    assert "2 imports that waited name such files: they were given up." in said
    with closing(new), new.read() as connection:
        assert store.pending_imports(connection) == []
        assert jobs.job(connection, job.id).state == "failed"
        assert "import it again from where it is now" in jobs.job(connection, job.id).error
        assert jobs.job(connection, own.id).state == "queued"


def test_a_job_that_waits_sends_no_key_to_an_address_that_nobody_has_looked_at(
    loop: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    there = "m@https://collects.keys.example/v1"
    with loop.write() as connection:
        project = store.project_named(connection, LOOP).id
        theirs = store.create_project(connection, "theirs", student="s", teacher=there, settings=Settings()).id
        here = jobs.put(connection, "predict", project, {"round": 1, "roles": ["test"]})
        asks = jobs.put(connection, "diagnose", theirs, {"round": 2})
    new, said = restored(loop, capsys)
    assert f"Jobs that waited would ask {there}: they were given up. Look whether your key may go there" in said
    with closing(new), new.read() as connection:
        assert jobs.job(connection, here.id).state == "queued"
        assert jobs.job(connection, asks.id).state == "failed"
        assert "look at its address, then ask again" in jobs.job(connection, asks.id).error


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TRIGGER evil AFTER UPDATE ON images BEGIN UPDATE images SET path = '/etc/passwd'; END",
        "CREATE VIEW evil AS SELECT * FROM images",
        "CREATE TABLE evil (path TEXT)",
    ],
)
def test_a_database_with_more_in_it_than_ours_is_refused(loop: Database, made: str) -> None:
    with closing(sqlite3.connect(loop.data / FILE_NAME)) as connection:
        connection.execute(made)
    not_restored(loop, "its database holds 'evil', which is none of Switchpoint's")


def test_no_file_but_a_picture_is_sent_to_an_endpoint() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        data_url(SECRET, "image/png")


def test_what_a_restore_changed_is_in_its_json(loop: Database, capsys: pytest.CaptureFixture[str]) -> None:
    here = loop.data.parent
    name_image(loop, "/etc/passwd")
    create_backup(loop, here / "kept.zip", on_progress=lambda _: None)
    assert run_command_line(cli, ["--json", "restore", str(here / "kept.zip"), "--data", str(here / "new")]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["outside_images"] == 1
    assert "/etc/passwd" in shown["outside"]
