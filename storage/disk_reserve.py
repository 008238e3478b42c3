"""A file that keeps room on the disk for reviews. When the disk is full it is given up piece by piece, so that a
verdict still gets in; what works in the background (workers, previews) leaves these pieces alone.
"""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from core.errors import FolderError
from storage.errors import folder_error

FILE_NAME = "disk-reserve"
RESERVE_BYTES = 32 * 2**20
DISK_FRACTION = 8  # of a small disk no more than an eighth is taken
PIECES = 32
NEW_DATABASE_BYTES = 2**20  # its file and its write-ahead log, while the schema is made
MIN_PIECE_BYTES = 128 * 2**10  # several verdicts, each some pages in the write-ahead log


def fill_reserve(data: Path) -> None:
    """Make the reserve of ``data`` whole, where the disk has twice as much free."""
    free, size = _room(data)
    path = data / FILE_NAME
    missing = size - _size(path)
    if missing <= 0 or free < 2 * size:
        return
    with suppress(OSError), path.open("ab") as file:  # somebody else was faster: the next call finds what is free
        file.write(bytes(missing))


def give_up_piece(data: Path) -> None:
    """Give up a piece of the reserve where less than a piece is free."""
    free, size = _room(data)
    piece, left = _piece(size), _size(data / FILE_NAME)
    if free < piece and left:
        with suppress(OSError):  # a disk that was made read-only: the write says so itself
            os.truncate(data / FILE_NAME, max(0, left - piece))


def refuse_last_room(data: Path) -> None:
    """Raise FolderError where only the room that is left to reviews is free."""
    free, size = _room(data)
    if free < 2 * _piece(size):
        raise _full(data)


def refuse_without_room(data: Path) -> None:
    """Raise FolderError where a new database would not fit: half of one would be taken for a damaged one later."""
    place = next(each for each in (data.absolute(), *data.absolute().parents) if each.exists())
    if _room(place)[0] < NEW_DATABASE_BYTES:
        raise _full(data)


def _full(data: Path) -> FolderError:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(data))
    return folder_error(full, data) or FolderError(str(full))


def _room(data: Path) -> tuple[int, int]:
    """The bytes that are free on the disk, and the size of a whole reserve."""
    try:
        usage = shutil.disk_usage(data)
    except OSError:  # the directory is away: the write says so itself
        return 2 * RESERVE_BYTES, 0
    return usage.free, min(RESERVE_BYTES, usage.total // DISK_FRACTION)


def _piece(size: int) -> int:
    return max(size // PIECES, MIN_PIECE_BYTES)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
