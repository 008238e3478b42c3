"""Backups are complete, verified before anything is restored, and replace nothing."""

import gzip
import hashlib
import json
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.imports.pipeline import import_file
from app.projects.configuration import create_project
from core.atomic_files import find_damage, write_folder
from core.errors import UserError
from core.types import Settings
from storage import jobs, store
from storage.database import FILE_NAME, Database, open_database
from storage.images import content_hashes, image_bytes
from storage.tables import images
from tests.app.command_line import CommandLine
from tests.projects.finished_loop import LOOP, finish_loop
from tests.storage.migrations.schemas.make import HERE
from tests.storage.migrations.test_migrations import everything

Entries = dict[str, bytes]


def contents(file: Path) -> list[str]:
    """All rows and the schema, without the internal tables of the text index."""
    return sorted(line for line in everything(file) if "case_texts_" not in line and "sqlite_sequence" not in line)


def backed_up(db: Database, file: Path, **more: Any) -> dict[str, Any]:
    return create_backup(db, file, on_progress=lambda _: None, **more)


def restored(file: Path, data: Path) -> Database:
    restore_backup(file, data, on_progress=lambda _: None)
    return open_database(data)


@pytest.fixture
def loop(db: Database) -> Database:
    """A project after one round, with the adapter of its run."""
    finish_loop(db)
    write_folder(
        db.adapters / "run-1" / "adapter", lambda target: (target / "weights").write_bytes(b"w" * 5000) and None
    )
    return db


def test_what_is_restored_equals_what_was_backed_up(loop: Database, tmp_path: Path) -> None:
    manifest = backed_up(loop, tmp_path / "kept.zip")
    assert manifest["projects"] == (LOOP,)
    again = restored(tmp_path / "kept.zip", tmp_path / "elsewhere" / "data")
    assert everything(again.data / FILE_NAME) == everything(loop.data / FILE_NAME)
    assert find_damage(again.adapters / "run-1" / "adapter") == ""
    assert (again.adapters / "run-1" / "adapter" / "weights").read_bytes() == b"w" * 5000
    with again.read() as connection:
        assert store.review_counts(connection, 1) == {"accepted": 30}
    again.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "elsewhere", "kept.zip"]


def test_no_two_files_differ_by_case_only(loop: Database, tmp_path: Path) -> None:
    """So that a data directory and a backup are whole on a file system that ignores case."""
    backed_up(loop, tmp_path / "b.switchpoint")
    names = [str(each.relative_to(loop.data)) for each in loop.data.rglob("*")]
    names += [f"backup/{name}" for name in zipfile.ZipFile(tmp_path / "b.switchpoint").namelist()]
    assert len({name.casefold() for name in names}) == len(names) > 4


def test_the_command_line_backs_up_and_restores(loop: Database, tmp_path: Path, command_line: CommandLine) -> None:
    file, new = tmp_path / "kept.zip", replace(command_line, data=tmp_path / "new")
    assert f"1 projects ({LOOP}), 1 adapters and checkpoints" in " ".join(command_line.said("backup", file).split())
    assert command_line.refused("backup", file) == (
        f"{file} is there already and nothing is overwritten: choose another name, or add --force."
    )
    command_line.said("backup", file, "--force")
    new.said("restore", file)
    assert new.json("status")["projects"] == [LOOP]
    assert "is not empty, and a backup replaces nothing" in new.refused("restore", file)
    said = command_line.refused("backup", tmp_path / "none.zip", "--project", "nobody")
    assert said == "There is no project 'nobody': `switchpoint status` lists those there are."
    assert not (tmp_path / "none.zip").exists()


def test_a_backup_of_one_project_holds_nothing_of_the_others(loop: Database, tmp_path: Path) -> None:
    kept = contents(loop.data / FILE_NAME)
    secret = "a question that is nobody else's"
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"id": "x", "question": secret, "answer": "yes", "skill_label": secret}))
    create_project(loop, "another", student="s", teacher="t", settings=Settings(support="theirs"))
    import_file(loop, "validation", rows, "another")
    import_file(loop, "support", rows, "another", name="theirs")
    before = everything(loop.data / FILE_NAME)
    manifest = backed_up(loop, tmp_path / "one.zip", project=LOOP)
    assert everything(loop.data / FILE_NAME) == before, "the data itself stays as it is"
    assert manifest["projects"] == (LOOP,)
    again = restored(tmp_path / "one.zip", tmp_path / "new")
    with again.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM case_texts").scalar() == 60
    assert secret.encode() not in (again.data / FILE_NAME).read_bytes()
    assert contents(again.data / FILE_NAME) == kept
    with loop.read() as old, again.read() as new:
        assert store.list_projects(new) == [store.project_named(old, LOOP)]
        assert [each.name for each in store.support_sets(new)] == ["lessons"]
        assert store.review_counts(new, 1) == store.review_counts(old, 1)
    with pytest.raises(Exception, match="reviews are append-only"), again.write() as connection:
        connection.exec_driver_sql("DELETE FROM reviews")
    again.close()


def test_a_running_job_waits_in_the_backup_and_nobody_is_logged_in(loop: Database, tmp_path: Path) -> None:
    with loop.write() as connection:
        job = jobs.put(connection, "predict", 1, {"round": 1, "roles": ["test"]})
        jobs.claim(connection, "worker-1", 1, 1.0)
        connection.exec_driver_sql("INSERT INTO logins (name, hash, created) VALUES ('ada', 'h', 'then')")
        connection.exec_driver_sql("INSERT INTO sessions VALUES ('secret cookie', 'ada', 'here', 1.0, 'then')")
    backed_up(loop, tmp_path / "kept.zip")
    again = restored(tmp_path / "kept.zip", tmp_path / "new")
    with again.read() as connection, loop.read() as old:
        assert jobs.job(old, job.id).state == "running"
        assert (jobs.job(connection, job.id).state, jobs.job(connection, job.id).pid) == ("interrupted", None)
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 0
        assert connection.exec_driver_sql("SELECT name FROM logins").scalar() == "ada"
    assert b"secret cookie" not in (again.data / FILE_NAME).read_bytes()
    again.close()


def test_images_in_files_are_counted_or_brought_in(loop: Database, tmp_path: Path) -> None:
    picture = tmp_path / "outside.png"
    picture.write_bytes(b"pixels")
    with loop.write() as connection:
        connection.execute(insert(images).values(hash="file:1", mime="image/png", width=0, height=0, path=str(picture)))
        connection.exec_driver_sql("UPDATE samples SET image = 'file:1' WHERE id = 1")
    assert backed_up(loop, tmp_path / "referring.zip")["referenced_images"] == 1
    assert backed_up(loop, tmp_path / "whole.zip", with_images=True)["referenced_images"] == 0
    with loop.read() as connection:
        expected = content_hashes(connection, ["file:1"])[0]
    picture.unlink()
    with pytest.raises(UserError, match=r"outside.png cannot be read.*leave out --with-images"):
        backed_up(loop, tmp_path / "gone.zip", with_images=True)
    again = restored(tmp_path / "whole.zip", tmp_path / "new")
    with again.read() as connection:
        assert image_bytes(connection, "file:1") == (b"pixels", "image/png")
        assert content_hashes(connection, ["file:1"]) == (expected, {})
    again.close()


def test_an_adapter_that_is_gone_is_named_and_the_rest_is_backed_up(db: Database, tmp_path: Path) -> None:
    finish_loop(db)
    assert backed_up(db, tmp_path / "kept.zip")["missing_adapters"] == ["run-1"]
    restored(tmp_path / "kept.zip", tmp_path / "new").close()


def with_member(
    name: str, content: bytes = b"evil", mode: int = 0
) -> Callable[[Entries], list[tuple[zipfile.ZipInfo, bytes]]]:
    """A backup with one more file, also in its manifest."""

    def change(entries: Entries) -> list[tuple[zipfile.ZipInfo, bytes]]:
        manifest = json.loads(entries["manifest.json"])
        manifest["members"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        return [*plain(entries | {"manifest.json": json.dumps(manifest).encode()}), (entry, content)]

    return change


def plain(entries: Entries) -> list[tuple[zipfile.ZipInfo, bytes]]:
    return [(zipfile.ZipInfo(name), content) for name, content in entries.items()]


def told_otherwise(**changed: Any) -> Callable[[Entries], list[tuple[zipfile.ZipInfo, bytes]]]:
    return lambda entries: plain(
        entries | {"manifest.json": json.dumps(json.loads(entries["manifest.json"]) | changed).encode()}
    )


WEIGHTS = "adapters/run-1/adapter/weights"
HARMS: dict[str, tuple[Callable[[Entries], list[tuple[zipfile.ZipInfo, bytes]]], str]] = {
    "a changed byte": (lambda found: plain(found | {WEIGHTS: b"v" + found[WEIGHTS][1:]}), "weights has changed since"),
    "a cut file": (lambda found: plain(found | {WEIGHTS: found[WEIGHTS][1:]}), "another size"),
    "a file too many": (lambda found: plain(found | {"adapters/run-1/adapter/more": b""}), "does not hold what"),
    "a file too few": (lambda found: plain({k: v for k, v in found.items() if k != WEIGHTS}), "does not hold what"),
    "no manifest": (lambda found: plain({k: v for k, v in found.items() if k != "manifest.json"}), "no manifest.json"),
    "a manifest that is none": (lambda found: plain(found | {"manifest.json": b"[]"}), "none of a backup"),
    "no JSON": (lambda found: plain(found | {"manifest.json": b"{"}), "damaged or none"),
    "a way out": (with_member("adapters/run-1/adapter/../../../../evil"), "no file of a backup"),
    "a way up": (with_member("../evil"), "no file of a backup"),
    "an absolute path": (with_member("/tmp/evil"), "no file of a backup"),
    "a backslash": (with_member("adapters\\evil"), "no file of a backup"),
    "a hidden file": (with_member("adapters/run-1/adapter/.evil"), "no file of a backup"),
    "another place": (with_member("logs/worker.log"), "no file of a backup"),
    "a link": (with_member("adapters/run-1/adapter/a", b"/etc/passwd", stat.S_IFLNK | 0o777), "no file of a backup"),
    "a newer format": (told_otherwise(format=99), "newer Switchpoint.*update Switchpoint"),
    "members that are none": (told_otherwise(members=[1]), "does not hold what"),
    "no database": (lambda found: plain(found | {FILE_NAME: b"none" * 1000}), "another size"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_a_backup_that_was_tampered_with_puts_nothing_in_place(loop: Database, tmp_path: Path, harm: str) -> None:
    change, said = HARMS[harm]
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for entry, content in change(entries_of(loop, tmp_path)):
            archive.writestr(entry, content)
    refused(tmp_path, said)


def entries_of(db: Database, tmp_path: Path) -> Entries:
    """The files of a backup that is made now."""
    backed_up(db, tmp_path / "kept.zip")
    with zipfile.ZipFile(tmp_path / "kept.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refused(tmp_path: Path, said: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=said):
        restore_backup(tmp_path / "evil.zip", tmp_path / "new", on_progress=lambda _: None)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" * 90])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "evil.zip").write_bytes(content)
    refused(tmp_path, "damaged or none")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_backup_that_was_cut_off_is_refused(loop: Database, tmp_path: Path, share: float) -> None:
    backed_up(loop, tmp_path / "kept.zip")
    whole = (tmp_path / "kept.zip").read_bytes()
    (tmp_path / "evil.zip").write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path, "damaged or none")


def test_a_backup_larger_than_the_disk_is_refused_before_a_byte_is_written(loop: Database, tmp_path: Path) -> None:
    entries = entries_of(loop, tmp_path)
    large = 2**50
    manifest = json.loads(entries["manifest.json"])
    manifest["members"][WEIGHTS]["bytes"] = large
    with zipfile.ZipFile(tmp_path / "evil.zip", "w", allowZip64=True) as archive:
        for entry, content in plain(entries | {"manifest.json": json.dumps(manifest).encode()}):
            archive.writestr(entry, content)
        archive.NameToInfo[WEIGHTS].file_size = large  # a bomb claims what it likes
    refused(tmp_path, "needs .* GiB and the disk")


def test_a_backup_of_a_newer_schema_is_refused(loop: Database, tmp_path: Path) -> None:
    connection = sqlite3.connect(loop.data / FILE_NAME)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    backed_up(loop, tmp_path / "evil.zip")
    refused(tmp_path, r"newer Switchpoint \(schema 9999\).*update Switchpoint")


@pytest.mark.parametrize("version", ["0001", "0007", "0015"])
def test_a_backup_of_an_older_schema_is_brought_up_to_date(loop: Database, tmp_path: Path, version: str) -> None:
    manifest = json.loads(entries_of(loop, tmp_path)["manifest.json"])
    old = gzip.decompress((HERE / f"{version}.db.gz").read_bytes())
    manifest["members"] = {FILE_NAME: {"bytes": len(old), "sha256": hashlib.sha256(old).hexdigest()}}
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr(FILE_NAME, old)
        archive.writestr("manifest.json", json.dumps(manifest))
    again = restored(tmp_path / "old.zip", tmp_path / "new")
    with again.read() as connection:
        assert [each.name for each in store.list_projects(connection)] == ["old"]
        assert store.review_counts(connection, 1) == {"edited": 1}
    again.close()


def test_a_run_whose_adapter_lies_elsewhere_is_refused(loop: Database, tmp_path: Path) -> None:
    with loop.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET adapter = '../../etc'")
    backed_up(loop, tmp_path / "evil.zip")
    refused(tmp_path, "adapter lies outside")
