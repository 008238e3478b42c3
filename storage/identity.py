"""Which database a data directory holds: its file by device and inode, and a token and a count of writes inside.

The token stands in SQLite's ``application_id``, the count in ``user_version``: both lie in the file's first page, which
each transaction writes, so that the file and its write-ahead log can be told from those of any other database. Backups
carry both; restoring one draws a new token.
"""

import secrets
import sqlite3
import struct
import subprocess  # one call, of head  # nosec B404
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from core.errors import FolderError
from storage.connections import connect, missing
from storage.errors import folder_error, is_damaged

HEADER_BYTES = 100
MAX_COUNT = 2**31 - 1  # both fields are signed numbers of 32 bits
Place = tuple[int, int]
Stamp = tuple[int, int]


@dataclass
class Identity:
    """The database file that was opened at ``path``.

    ``place`` is its device and inode, ``stamp`` its size and time of change when it was last looked into, ``writes``
    the count that was seen in it then, which never decreases. ``seen``: whether the token was in the file itself; that
    of a new database may be in its write-ahead log only.
    """

    path: Path
    token: int
    place: Place
    stamp: Stamp
    writes: int
    seen: bool
    _one_at_a_time: Lock = field(default_factory=Lock)

    def check(self) -> bool:
        """Whether connections must be opened anew, because the same database now lies in another file.

        Costs one ``stat`` where nothing changed. Raises FolderError where the file is not there, is another database,
        or is an older copy of this one.
        """
        place, stamp = _status(self.path)
        if (place, stamp) == (self.place, self.stamp):
            return False
        with self._one_at_a_time:
            token, writes = read_marks(self.path)
            if token != self.token and (token or self.seen):
                raise replaced(self.path, "another database")
            if _is_before(writes, self.writes):
                raise replaced(self.path, "an older copy of itself")
            moved = place != self.place
            self.place, self.stamp, self.writes, self.seen = place, stamp, writes, bool(token)
        return moved


def identify(path: Path) -> Identity:
    """The identity of the database at ``path``, which gets a token where it has none yet."""
    with closing(connect(path)) as connection:
        token = _number(connection, "application_id")
        if not token:
            connection.execute("BEGIN IMMEDIATE")  # another process may be giving it one
            token = ensure_token(connection)
            connection.execute("COMMIT")
    place, stamp = _status(path)
    found, writes = read_marks(path)
    return Identity(path, token, place, stamp, writes, seen=bool(found))


def refuse_foreign_log(path: Path) -> None:
    """Raise FolderError where the write-ahead log beside ``path`` belongs to another database or an older copy.

    SQLite would take it for the database's own and write it into the file. Call it before the database is opened.
    """
    log = path.with_name(f"{path.name}-wal")
    if not _is_foreign(path, log):
        return
    time.sleep(0.1)  # looked at twice, since another process may be writing to both
    if _is_foreign(path, log):
        raise FolderError(
            f"{log} belongs to another database than {path.name}, or to an older copy of it, and nothing was opened: "
            "put the log's own database beside it, or move the log away to work without it."
        )


def _is_foreign(path: Path, log: Path) -> bool:
    if not path.exists() or not log.exists():
        return False
    token, writes = read_marks(path)
    found, count = _newest_marks(log) or (0, writes)
    return bool(token and found and found != token) or (found == token and _is_before(count, writes))


def _newest_marks(log: Path) -> tuple[int, int] | None:
    """Token and count of the newest first page in a write-ahead log, None where it holds none.

    The format is https://www.sqlite.org/fileformat2.html, 4.1.
    """
    newest = None
    with log.open("rb") as file:
        header = file.read(32)
        if len(header) < 32:
            return None
        size, salts = struct.unpack(">I", header[8:12])[0], header[16:24]
        while len(frame := file.read(24)) == 24 and frame[8:16] == salts:
            page = file.read(HEADER_BYTES)
            file.seek(size - len(page), 1)
            if struct.unpack(">I", frame[:4])[0] == 1 and len(page) == HEADER_BYTES:
                newest = _marks(page)
    return newest


def ensure_token(connection: sqlite3.Connection) -> int:
    """The database's token, drawn where it has none, within the caller's transaction."""
    return _number(connection, "application_id") or draw_token(connection)


def draw_token(connection: sqlite3.Connection) -> int:
    """Give the database a new token, within the caller's transaction: no other database has it."""
    token = secrets.randbelow(MAX_COUNT) + 1
    connection.execute(f"PRAGMA application_id = {token}")
    return token


def read_marks(path: Path) -> tuple[int, int]:
    """Token and count of the file itself, without its write-ahead log. Raises FolderError where it is no database.

    SQLite opens the file, since closing it by other means would drop this process's locks (``core.own_files``).
    """
    try:
        with closing(connect(path, "ro&immutable=1")) as connection:
            return _number(connection, "application_id"), _number(connection, "user_version")
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise folder_error(error, path.parent) or error from error
        marks = _marks_of_header(path)
        if marks is None:
            raise replaced(path, f"no database ({error})") from error
        return marks


def _marks_of_header(path: Path) -> tuple[int, int] | None:
    """Token and count of a file whose other pages are still in its log, where the disk was full; None for no database.

    SQLite opens such a file with its log only, so another process reads its header.
    """
    command = ["head", "-c", str(HEADER_BYTES), str(path.absolute())]
    header = subprocess.run(command, capture_output=True, check=False).stdout  # no shell, our own path  # nosec B603
    return _marks(header) if header.startswith(b"SQLite format 3\0") and len(header) == HEADER_BYTES else None


def _marks(header: bytes) -> tuple[int, int]:
    return struct.unpack(">i", header[68:72])[0], struct.unpack(">i", header[60:64])[0]


def _is_before(count: int, other: int) -> bool:
    """Whether a count is an earlier one; after ``MAX_COUNT`` it begins again."""
    return 0 < ((other - count) & MAX_COUNT) < MAX_COUNT // 2


def _number(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _status(path: Path) -> tuple[Place, Stamp]:
    try:
        found = path.stat()
    except OSError as error:
        raise missing(path, str(error.strerror)) from error
    return (found.st_dev, found.st_ino), (found.st_size, found.st_mtime_ns)


def replaced(path: Path, by: str) -> FolderError:
    """The error for a file that another one stands in place of; ``by`` says which."""
    return FolderError(
        f"{path} was replaced by {by} while Switchpoint had it open. Nothing is saved until the right one is back; to "
        "work on this one, start Switchpoint again."
    )
