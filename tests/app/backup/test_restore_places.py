"""Where a backup may be restored to: a new or empty directory, by whatever path, that no process works on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from core.errors import UserError
from core.types import Settings
from storage import store
from storage.database import FILE_NAME, Database, open_database
from tests.chaos.small_disk import small_disk

pytestmark = pytest.mark.process
HOLD = """
import sys
from pathlib import Path
from storage.database import open_database
db = open_database(Path(sys.argv[1]))
with db.read() as connection:
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def backup(db: Database, tmp_path: Path) -> Path:
    with db.write() as connection:
        store.create_project(connection, "saved", student="s", teacher="t", settings=Settings())
    create_backup(db, tmp_path / "b.switchpoint", on_progress=lambda _: None)
    return tmp_path / "b.switchpoint"


def restore(backup: Path, data: Path) -> list[str]:
    """The names of the projects in the restored directory."""
    restore_backup(backup, data, on_progress=lambda _: None)
    with closing(open_database(data)) as db, db.read() as connection:
        return [each.name for each in store.list_projects(connection)]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A data directory that another process has open, and from which everything was removed."""
    data = tmp_path / "live"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        for path in sorted(data.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        yield data


def plain(data: Path) -> Path:
    return data


def through_a_link(data: Path) -> Path:
    data.with_name("link").symlink_to(data)
    return data.with_name("link")


def with_dots(data: Path) -> Path:
    data.with_name("beside").mkdir()
    return data.with_name("beside") / ".." / data.name


def relative(data: Path) -> Path:
    return Path(os.path.relpath(data))


@pytest.mark.parametrize("way", [plain, through_a_link, with_dots, relative])
def test_a_directory_that_was_emptied_under_a_process_is_refused(way: object, backup: Path, held: Path) -> None:
    with pytest.raises(UserError, match=r"is open in process \d+"):
        restore(backup, way(held))  # type: ignore[operator]
    assert list(held.iterdir()) == []


def test_nor_one_that_was_removed_and_made_again(backup: Path, held: Path) -> None:
    held.rmdir()
    with pytest.raises(UserError, match=r"is open in process \d+"):
        restore(backup, held)
    assert not held.exists()


def test_a_link_to_an_empty_directory_is_followed(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert restore(backup, through_a_link(tmp_path / "empty")) == ["saved"]
    assert (tmp_path / "empty" / FILE_NAME).exists()


def test_a_link_to_nowhere_is_no_new_directory(backup: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk that is away" / "data")
    with pytest.raises(UserError, match=r"leads to .* which is not there"):
        restore(backup, link)
    assert link.is_symlink()


def test_the_directory_that_one_is_in(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert restore(backup, Path()) == ["saved"]
    assert Path(FILE_NAME).exists(), "it is still the directory that one is in"


def test_a_disk_of_its_own_is_filled(backup: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64m") as disk:
        assert restore(backup, disk.path) == ["saved"]


def test_what_a_killed_restore_left_in_the_directory_is_no_content(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / ".restoring").mkdir(parents=True)
    (tmp_path / "new" / ".restoring" / "half").write_text("half")
    assert restore(backup, tmp_path / "new") == ["saved"]
    assert not (tmp_path / "new" / ".restoring").exists()
