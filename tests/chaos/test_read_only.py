"""A read-only data directory: every command says one sentence, and works again once it is writable."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict
from app.worker.loop import run_queued_job
from storage.database import FILE_NAME, Database, open_database
from tests.chaos.commands import command, command_process
from tests.chaos.small_disk import Disk, as_anybody, read_only, small_disk
from tests.chaos.test_full_disk import sound
from tests.projects.tiny_project import TinyFiles, fill_project

COMMANDS: dict[str, list[str]] = {
    "status": ["status"],
    "status of a project": ["status", "tiny"],
    "new": ["new", "another", "--student", "{files}/student", "--teacher", "{files}/teacher"],
    "import": ["import", "validation", "{files}/validation.jsonl", "--project", "tiny"],
    "predict": ["predict", "tiny"],
    "diagnose": ["diagnose", "tiny"],
    "select": ["select", "tiny", "--budget", "5"],
    "tune": ["tune", "tiny"],
    "loop": ["loop", "tiny", "--budget", "5"],
    "compare": ["compare", "tiny", "0", "1"],
    "settings": ["settings", "tiny"],
    "init-demo": ["init-demo"],
    "login": ["login", "list"],
    "backup": ["backup", "{files}/backup.zip"],
    "worker": ["worker", "--leave-when-idle"],
    "serve": ["serve", "--port", "1"],
}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, files: TinyFiles) -> Iterator[Disk]:
    """A disk with the tiny project on it."""
    with small_disk(tmp_path_factory.mktemp("read-only") / "disk", "24m") as made:
        with closing(open_database(made.path / "data")) as db:
            fill_project(db, files)
        yield made


def refusal_of(capsys: pytest.CaptureFixture[str], data: Path, *words: object) -> str:
    """Run a command that fails with one sentence on stderr; returns the sentence."""
    assert command(data, *words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip().count("\n") == 0, "an empty line may be left of a progress bar"
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_that_the_data_directory_cannot_be_written(
    disk: Disk, files: TinyFiles, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything_in(disk.path)
    disk.remount("ro")
    try:
        asked = [each.format(files=files.folder) for each in COMMANDS[name]]
        said = refusal_of(capsys, disk.path / "data", *asked)
    finally:
        disk.remount("rw")
    assert "cannot be" in said
    assert "rights" in said
    assert "choose another --data" in said
    assert everything_in(disk.path) == before
    assert not (files.folder / "backup.zip").exists()


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() if each.is_file() else b"" for each in sorted(folder.rglob("*"))}


def test_the_doctor_says_it_too(disk: Disk, capsys: pytest.CaptureFixture[str]) -> None:
    disk.remount("ro")
    assert command(disk.path / "data", "doctor") == 1
    disk.remount("rw")
    assert "cannot be written" in " ".join(capsys.readouterr().out.split())


def test_a_backup_is_neither_written_nor_restored_where_nothing_can_be_written(
    disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, there = disk.path / "data", tmp_path / "there"
    with closing(open_database(data)) as db:
        create_backup(db, tmp_path / "kept.zip", on_progress=lambda _: None)
    there.mkdir()
    with read_only(there):
        for said in (
            refusal_of(capsys, data, "backup", there / "kept.zip"),
            refusal_of(capsys, data, "backup", there / "deep" / "kept.zip"),
            refusal_of(capsys, there / "new", "restore", tmp_path / "kept.zip"),
            refusal_of(capsys, there / "deep" / "new", "restore", tmp_path / "kept.zip"),
        ):
            assert str(there) in said
            assert "Read-only file system" in said
    assert list(there.iterdir()) == []


def test_once_it_can_be_written_again_work_goes_on(disk: Disk) -> None:
    disk.remount("ro")
    disk.remount("rw")
    with closing(open_database(disk.path / "data")) as db:
        ended = run_queued_job(db, put_predict(db, "tiny"), LocalEngine("cpu"))
        assert (ended.state, ended.done) == ("done", 24)
        sound(db)


@pytest.mark.parametrize(("rights", "words"), [(0o500, ["status"]), (0o000, ["worker"])])
def test_rights_that_keep_a_person_out_are_said_to_them(
    disk: Disk, tmp_path: Path, rights: int, words: list[str]
) -> None:
    data = tmp_path / "theirs"
    shutil.copytree(disk.path / "data", data)
    data.chmod(rights)
    done = command_process(data, *words, before=as_anybody())
    data.chmod(0o700)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be" in done.stderr
    assert "choose another --data" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("tiny")
def test_a_log_that_a_crash_left_can_be_read_or_is_said_to_be_in_the_way(
    db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite then has to read the write-ahead log, which it cannot checkpoint into the file."""
    copy = tmp_path / "crashed"
    shutil.copytree(db.data, copy)
    assert (copy / f"{FILE_NAME}-wal").stat().st_size > 0
    before = everything_in(copy)
    with read_only(copy):
        code = command(copy, "status")
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert code == 0 or "cannot be" in said.err
        assert "cannot be" in refusal_of(capsys, copy, "predict", "tiny")
    assert everything_in(copy) == before
    with closing(open_database(copy)) as again:
        assert os.listdir(again.adapters) == []
        sound(again)
