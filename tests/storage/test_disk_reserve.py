"""The reserve keeps the last room on a full disk for reviews."""

from collections.abc import Iterator

import pytest

from core.errors import FolderError
from core.types import Settings
from storage import store
from storage.database import Database, open_database
from storage.disk_reserve import DISK_FRACTION, FILE_NAME, fill_reserve
from tests.chaos.small_disk import Disk

MIB = 2**20
pytestmark = pytest.mark.process  # mounts the disk


@pytest.fixture
def db(disk: Disk) -> Iterator[Database]:
    opened = open_database(disk.path / "data")
    yield opened
    opened.close()


def write(db: Database, name: str) -> None:
    with db.write() as connection:
        store.create_project(connection, name, student="s", teacher="t", settings=Settings())


def size(db: Database) -> int:
    return (db.data / FILE_NAME).stat().st_size


def writes_until_full(db: Database, disk: Disk) -> int:
    """How many writes get in while another program takes all that is free."""
    for count in range(1000):
        disk.fill()
        try:
            write(db, f"p{count}")
        except FolderError as error:
            assert "The disk is full" in str(error)  # noqa: PT017 - how many get in is what is tried
            return count
    raise AssertionError("the disk never became full")


def test_a_small_disk_gives_an_eighth(db: Database) -> None:
    fill_reserve(db.data)
    assert size(db) == 24 * MIB // DISK_FRACTION


def test_what_was_given_up_is_taken_again_once_there_is_room(db: Database, disk: Disk) -> None:
    fill_reserve(db.data)
    whole = size(db)
    disk.fill()
    write(db, "got in")
    assert size(db) < whole
    fill_reserve(db.data)
    assert size(db) < whole, "the disk is still full"
    disk.free()
    fill_reserve(db.data)
    assert size(db) == whole


def test_writes_get_in_until_the_reserve_is_used_up_by_another_program(db: Database, disk: Disk) -> None:
    fill_reserve(db.data)
    assert writes_until_full(db, disk) > 20
    assert size(db) == 0


def test_a_full_disk_is_opened_with_the_reserve_that_was_left_there(db: Database, disk: Disk) -> None:
    fill_reserve(db.data)
    db.close()
    disk.fill()
    again = open_database(db.data)
    write(again, "got in")
    again.close()


@pytest.mark.parametrize("leave", [0, 4096, 100 * 1024, 600 * 1024, MIB])
def test_a_new_database_is_made_whole_or_not_at_all(leave: int, disk: Disk) -> None:
    data = disk.path / "new"
    disk.fill(leave=leave)
    try:
        open_database(data).close()
    except FolderError as error:
        assert "The disk is full" in str(error)  # noqa: PT017 - both ends are right
        assert not data.exists()
    disk.free()
    open_database(data).close()


@pytest.mark.parametrize("leave", [0, 4096, 100 * 1024])
def test_a_database_is_opened_and_read_with_little_room(leave: int, db: Database, disk: Disk) -> None:
    fill_reserve(db.data)
    write(db, "before")
    db.close()
    disk.fill(leave=leave)
    again = open_database(db.data)
    with again.read() as connection:
        assert [each.name for each in store.list_projects(connection)] == ["before"]
    write(again, "after")
    again.close()


def test_the_background_leaves_the_last_room_to_reviews(db: Database, disk: Disk) -> None:
    fill_reserve(db.data)
    worker = open_database(db.data, background=True)
    write(worker, "while there is room")
    disk.fill(leave=MIB // 8)
    with pytest.raises(FolderError, match="The disk is full"):
        write(worker, "too large")
    write(db, "a review")
    worker.close()


def test_without_a_reserve_a_full_disk_is_said(db: Database, disk: Disk) -> None:
    assert writes_until_full(db, disk) < 20
