"""Errors of the system and of SQLite below a data folder, as sentences: full disk, no permission, damaged or locked
file."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from core.errors import FolderError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NOT_WRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# Messages of libraries in Rust and C++ that keep no errno: safetensors, pyarrow.
_RIGHTS = "set the rights of its folder so that you can write there, or choose another --data."
_FULL_TEXTS = ("No space left on device", "os error 28", "database or disk is full")


def folder_error(error: BaseException, data: Path) -> FolderError | None:
    """The FolderError for a system or SQLite error that the user can fix; None for any other error."""
    for each in _chain(error):
        if isinstance(each, FolderError):
            return each
        if _is_full(each):
            return FolderError(
                f"The disk is full ({_place(each, data)}): free some room and resume; what was saved is whole."
            )
        if isinstance(each, OSError) and each.errno in _FORBIDDEN:
            return FolderError(f"{_place(each, data)} cannot be used ({each.strerror}): {_RIGHTS}")
        if isinstance(each, sqlite3.Error):
            return _sqlite_folder_error(each, data)
    return None


def is_full(error: BaseException) -> bool:
    """Whether a full disk caused this error."""
    return any(_is_full(each) for each in _chain(error))


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether SQLite found a damaged database, or a file that is none."""
    return _code(error) in _DAMAGED


def is_locked(error: sqlite3.Error) -> bool:
    """Whether SQLite failed because another connection held the lock."""
    return _code(error) in _LOCKED


def _sqlite_folder_error(error: sqlite3.Error, data: Path) -> FolderError | None:
    code = _code(error)
    if code in _NOT_WRITABLE:
        return FolderError(f"The database in {data} cannot be written ({error}): {_RIGHTS}")
    if code in _DAMAGED:
        return FolderError(
            f"The database in {data} cannot be read ({error}) and was left as it is: choose another --data, or put a "
            "backup into a new one with `switchpoint restore FILE --data NEW`."
        )
    if code == sqlite3.SQLITE_IOERR:
        return FolderError(f"The disk that holds {data} fails ({error}): check it, then resume; nothing half is saved.")
    return None


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    if isinstance(error, sqlite3.Error):
        # The file beside the log, which its readers share, fails with a code of its own where the disk is full.
        return _code(error) == sqlite3.SQLITE_FULL or _extended_code(error) == sqlite3.SQLITE_IOERR_SHMSIZE
    return any(text in str(error) for text in _FULL_TEXTS)


def _place(error: BaseException, data: Path) -> str:
    """The file named by the error, else the data folder."""
    return str(getattr(error, "filename", None) or data)


def _code(error: sqlite3.Error) -> int:
    return _extended_code(error) & 0xFF


def _extended_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes (``orig`` is SQLAlchemy's link to the database's error)."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [getattr(each, "orig", None), each.__cause__, each.__context__]
