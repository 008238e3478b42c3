"""Opens the data folder: one SQLite file and the folder of adapters, and hands out transactions.

Knows connections and locks; knows no table's meaning. Readers and writers never wait for each other (WAL); writers take
turns. One process may use a ``Database`` from many threads, and several processes may open the same folder.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoTurnError

from core.errors import BusyError, FolderError
from storage.errors import folder_error, is_locked
from storage.migrations import BUSY_SECONDS, upgrade

FILE_NAME = "switchpoint.db"

# A write statement that changes nothing. Under a plain BEGIN a transaction that reads first and writes later fails with
# SQLITE_BUSY_SNAPSHOT when another one has written in between, and no busy_timeout helps. With a write as its first
# statement it waits for its turn (busy_timeout), then sees the newest state.
TAKE_WRITE_LOCK = "UPDATE projects SET id = id WHERE FALSE"

# An empty file that is younger may be one that another process makes just now.
NEW_FILE_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Database:
    """An open data folder; ``read`` and ``write`` hand out connections, ``adapters`` is where adapters live."""

    data: Path
    reader: Engine
    writer: Engine

    @property
    def adapters(self) -> Path:
        """The folder of adapters and checkpoints."""
        return self.data / "adapters"

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database, from its first query to its end; writing to it fails.

        Keep it short: while it is open the log that writers append to cannot be reused. Raises FolderError when the
        file or the disk fails.
        """
        with self._sentences(), self.reader.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose block is one transaction: committed at the end, rolled back when it raises.

        The block holds the only write lock from its beginning, so that what it reads stays true until it commits;
        compute and call models outside. Never open one inside another. Raises BusyError when others held the lock for
        30 seconds, and FolderError when the disk is full or fails: then nothing of the block is saved.
        """
        with self._sentences(), self.writer.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, NoTurnError) as error:
            if isinstance(error, NoTurnError) or (isinstance(error.orig, sqlite3.Error) and is_locked(error.orig)):
                raise _busy(self.data) from error
            if told := folder_error(error, self.data):
                raise told from error
            raise

    def close(self) -> None:
        """Close every connection; the last one of the folder folds the log into the file."""
        self.reader.dispose()
        self.writer.dispose()


def open_database(data: Path) -> Database:
    """Open the data folder, making it and bringing its schema up to date where needed.

    Raises UserError when the folder cannot be used, holds another kind of file, a damaged or an empty one, or was
    written by a newer Switchpoint; then the file stays as it was.
    """
    path = data / FILE_NAME
    try:
        (data / "adapters").mkdir(parents=True, exist_ok=True)
        _refuse_empty(path)
        _use_write_ahead_log(path)
        upgrade(path)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        found = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(found, sqlite3.Error) and is_locked(found):
            raise _busy(data) from error
        told = folder_error(error, data)
        raise told or FolderError(
            f"{data} cannot be used as a data folder ({error}): choose another --data."
        ) from error
    return Database(data=data, reader=_engine(path, writes=False), writer=_engine(path, writes=True))


def _busy(data: Path) -> BusyError:
    return BusyError(
        f"Something else has been writing to {data} for {BUSY_SECONDS} seconds, so this was not saved: try again when "
        "it is done."
    )


def _refuse_empty(path: Path) -> None:
    """SQLite takes a file of no bytes for a new database; one that stays so was cut off, and what it held is lost."""
    while path.exists() and (found := path.stat()).st_size == 0:
        if time.time() - found.st_mtime > NEW_FILE_SECONDS:
            raise FolderError(
                f"{path} is empty, which no database of Switchpoint is: put a backup into a new folder with "
                "`switchpoint restore FILE --data NEW`, or remove the empty file to begin anew."
            )
        time.sleep(0.02)


def _use_write_ahead_log(path: Path) -> None:
    """Set WAL, which the file remembers. Here SQLite does not wait by itself when another process does the same."""
    give_up = time.monotonic() + BUSY_SECONDS
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not is_locked(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.02)


def _engine(path: Path, *, writes: bool) -> Engine:
    # One writing connection a process: its threads queue in order, instead of polling SQLite's lock against each other.
    pool = {"pool_size": 1, "max_overflow": 0} if writes else {"pool_size": 8, "max_overflow": 56}
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_timeout=BUSY_SECONDS, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # sqlite3 begins nothing by itself; BEGIN is ours, below
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
        if writes:
            connection.exec_driver_sql(TAKE_WRITE_LOCK)

    return engine
