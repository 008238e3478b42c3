"""A read-only data directory: every command says one sentence, and works again once it is writable."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.cli.main import cli
from app.cli.terminal import run_command_line
from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict
from app.worker.loop import run_queued_job
from storage.database import FILE_NAME, open_database
from tests.chaos.small_disk import Disk, as_anybody, read_only, small_disk
from tests.chaos.test_full_disk import sound
from tests.projects.tiny_project import TinyFiles, fill_project

ROOT = Path(__file__).resolve().parents[2]
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
        db = open_database(made.path / "data")
        fill_project(db, files)
        db.close()
        yield made


def refusal_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that fails with one sentence on stderr; returns the sentence."""
    assert run_command_line(cli, list(map(str, arguments))) == 1
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
        said = refusal_of(capsys, "--data", disk.path / "data", *asked)
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
    assert run_command_line(cli, ["--data", str(disk.path / "data"), "doctor"]) == 1
    disk.remount("rw")
    assert "cannot be written" in " ".join(capsys.readouterr().out.split())


def test_a_backup_is_neither_written_nor_restored_where_nothing_can_be_written(
    disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = open_database(disk.path / "data")
    create_backup(db, tmp_path / "kept.zip", on_progress=lambda _: None)
    (tmp_path / "there").mkdir()
    with read_only(tmp_path / "there"):
        for asked in (
            ["backup", tmp_path / "there" / "kept.zip"],
            ["backup", tmp_path / "there" / "deep" / "kept.zip"],
            ["restore", tmp_path / "kept.zip", "--data", tmp_path / "there" / "new"],
            ["restore", tmp_path / "kept.zip", "--data", tmp_path / "there" / "deep" / "new"],
        ):
            said = refusal_of(capsys, "--data", db.data, *asked)
            assert str(tmp_path / "there") in said
            assert "Read-only file system" in said
    assert list((tmp_path / "there").iterdir()) == []
    db.close()


def test_once_it_can_be_written_again_work_goes_on(disk: Disk) -> None:
    disk.remount("ro")
    disk.remount("rw")
    db = open_database(disk.path / "data")
    ended = run_queued_job(db, put_predict(db, "tiny"), LocalEngine("cpu"))
    assert (ended.state, ended.done) == ("done", 24)
    sound(db)
    db.close()


@pytest.mark.parametrize(("rights", "command"), [(0o500, ["status"]), (0o000, ["worker"])])
def test_rights_that_keep_a_person_out_are_said_to_them(
    disk: Disk, tmp_path: Path, rights: int, command: list[str]
) -> None:
    data = tmp_path / "theirs"
    shutil.copytree(disk.path / "data", data)
    data.chmod(rights)
    run = [*as_anybody(), sys.executable, "-m", "app", "--data", str(data), *command]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    data.chmod(0o700)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be" in done.stderr
    assert "choose another --data" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_log_that_a_crash_left_can_be_read_or_is_said_to_be_in_the_way(
    tmp_path: Path, files: TinyFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite then has to read the write-ahead log, which it cannot checkpoint into the file."""
    db = open_database(tmp_path / "data")
    fill_project(db, files)
    copy = tmp_path / "crashed"
    shutil.copytree(db.data, copy)
    db.close()
    assert (copy / f"{FILE_NAME}-wal").stat().st_size > 0
    before = everything_in(copy)
    with read_only(copy):
        code = run_command_line(cli, ["--data", str(copy), "status"])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert code == 0 or "cannot be" in said.err
        assert "cannot be" in refusal_of(capsys, "--data", copy, "predict", "tiny")
    assert everything_in(copy) == before
    again = open_database(copy)
    assert os.listdir(again.adapters) == []
    sound(again)
    again.close()
