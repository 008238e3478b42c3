"""The data directories that this process has open: nothing is imported from them, whatever path leads there.

Closing any file handle of a SQLite database drops the POSIX locks by which SQLite itself guards that database in this
process (https://www.sqlite.org/howtocorrupt.html, 2.2). Another process then takes itself for the only one, and what
is written here afterwards is lost. So only SQLite opens these files, and every reader of a file that a person named
asks here first. Files are compared by device and inode: links and other spellings of a path make no difference.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import UserError

DATABASE = "switchpoint.db"
DATABASE_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
# Folders of a data directory in which a person's own files lie.
PERSONAL_FOLDERS = ("uploads", "imports")

_open: Counter[Path] = Counter()
_changing = threading.Lock()


def protect(data: Path) -> None:
    """Count the data directory ``data`` as open until as many calls of ``release``."""
    with _changing:
        _open[data.absolute()] += 1


def release(data: Path) -> None:
    """Take one ``protect`` back."""
    with _changing:
        _open[data.absolute()] -= 1
        if _open[data.absolute()] <= 0:
            del _open[data.absolute()]


def refuse_own(path: Path) -> None:
    """Raise UserError where ``path`` lies in an open data directory or leads to its database.

    The directory's folders ``uploads`` and ``imports`` are allowed.
    """
    refuse_database(path)
    for data in tuple(_open):
        if _lies_in(path, data):
            raise _refused(path, data)


def refuse_database(path: Path | str) -> None:
    """Raise UserError where ``path`` leads to the database of an open data directory.

    Cheaper than ``refuse_own``, for the many files of a folder that was checked.
    """
    for data in tuple(_open):
        with suppress(OSError):
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in set(_database_inodes(data)):
                raise _refused(Path(path), data)


def _lies_in(path: Path, data: Path) -> bool:
    below = ""
    real = Path(os.path.realpath(path))
    for folder in (real, *real.parents):
        with suppress(OSError):
            if os.path.samefile(folder, data):
                return below not in PERSONAL_FOLDERS
        below = folder.name
    return False


def _database_inodes(data: Path) -> Iterator[tuple[int, int]]:
    """Device and inode of the database's files that are there now: the write-ahead log comes and goes."""
    for name in DATABASE_FILES:
        with suppress(OSError):
            status = os.stat(data / name)
            yield status.st_dev, status.st_ino


def _refused(path: Path, data: Path) -> UserError:
    return UserError(
        f"{path} belongs to the data directory {data}, which Switchpoint has open: nothing is read from there. Export "
        "what you need, or name another file."
    )
