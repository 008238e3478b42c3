"""Opens SQLite connections to a file that is there: a connection by path alone would make an empty file where there is
none, so that a database that was moved away would be taken for a new one.
"""

import errno
import os
import sqlite3
from pathlib import Path

from core.errors import FolderError

BUSY_SECONDS = 30


def address(path: Path, mode: str = "rw") -> str:
    """The address of a database file for SQLite; ``mode`` is rw, rwc (creates the file) or ro.

    See https://www.sqlite.org/uri.html.
    """
    return f"{path.absolute().as_uri()}?mode={mode}"


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection to a file that is there (see ``address``). Any thread may use it, one at a time.

    It begins no transaction by itself: sqlite3 begins none before CREATE or ALTER, which could leave half a migration.
    Raises FolderError where there is no such file.
    """
    try:
        return sqlite3.connect(
            address(path, mode), uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        if not path.exists() and mode != "rwc":
            raise missing(path, os.strerror(errno.ENOENT)) from error
        raise


def missing(path: Path, why: str) -> FolderError:
    """The error for a database file that is not there."""
    return FolderError(
        f"{path} is not there any more ({why}): it was moved or removed, or its disk was taken away. Nothing is saved "
        "until it is back; Switchpoint then goes on by itself."
    )
