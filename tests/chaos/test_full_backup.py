"""Backup and restore onto a disk that fills: a sentence, no partial files, and older files stay."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.backup.restore import restore_backup
from core.atomic_files import write_folder
from storage.database import Database, open_database
from tests.chaos.commands import command
from tests.chaos.small_disk import small_disk
from tests.chaos.test_full_disk import sound
from tests.core.tuning.test_checkpoints import names
from tests.projects.finished_loop import finish_loop


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Database]:
    """A finished loop with an incompressible adapter."""
    noise = os.urandom(2**20)
    with closing(open_database(tmp_path / "data")) as db:
        finish_loop(db)
        write_folder(db.adapters / "run-1" / "adapter", lambda target: (target / "weights").write_bytes(noise) and None)
        yield db


# The disk fills while the database is copied, while it is zipped, and while the adapter is zipped.
@pytest.mark.parametrize("size", ["200k", "640k", "1m", "1500k"])
def test_a_backup_that_does_not_fit_is_not_there_and_the_older_one_stays(
    loop: Database, tmp_path: Path, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "disk", size) as disk:
        file = disk.path / "kept.zip"
        file.write_bytes(b"the older one")
        assert command(loop.data, "backup", file, "--force") == 1
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert said.startswith(f"The disk of {disk.path} is full, so no backup was written: free some room")
        assert names(disk.path) == ["kept.zip"]
        assert file.read_bytes() == b"the older one"
        assert command(loop.data, "backup", disk.path / "deep" / "er" / "new.zip") == 1
        assert names(disk.path) == ["kept.zip"]
        disk.remount("size=8m")
        assert command(loop.data, "backup", file, "--force") == 0
        assert names(disk.path) == ["kept.zip"]
        restore_backup(file, tmp_path / "new", on_progress=lambda _: None)
    with closing(open_database(tmp_path / "new")) as again:
        sound(again)


def test_a_backup_with_a_name_that_cannot_be_one_is_refused(
    loop: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    for name in ("folder", "file/kept.zip", "x" * 300):
        assert command(loop.data, "backup", tmp_path / name, "--force") == 1
        said = capsys.readouterr().err.strip()
        assert "cannot be written" in said
        assert "name another FILE" in said
    assert names(tmp_path) == ["data", "file", "folder"]
    assert names(tmp_path / "folder") == []


def test_a_restore_whose_disk_gets_full_in_the_middle_leaves_nothing(
    loop: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(loop.data, "backup", tmp_path / "kept.zip") == 0
    monkeypatch.setattr("app.backup.restore._check_room", lambda *_: None)  # as if the disk filled after the check
    with small_disk(tmp_path / "disk", "1m") as disk:
        capsys.readouterr()
        assert command(disk.path / "new", "restore", tmp_path / "kept.zip") == 1
        assert "The disk is full" in capsys.readouterr().err
        assert names(disk.path) == []
        disk.remount("size=8m")
        assert command(disk.path / "new", "restore", tmp_path / "kept.zip") == 0
        assert names(disk.path) == ["new"]
