"""Opens the data folder (one SQLite file and the folder of adapters) and provides transactions.

Readers and writers do not block each other (WAL); writers wait for one another. A ``Database`` may be used from many
threads, and several processes may open the same folder. Knows connections and locks, not what the tables mean.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoTurnError

from core.errors import BusyError, FolderError
from core.own_files import DATABASE, protect, release
from storage.connections import BUSY_SECONDS, connect
from storage.disk_reserve import give_up_piece, refuse_last_room, refuse_without_room
from storage.errors import folder_error, is_locked
from storage.identity import MAX_COUNT, Identity, identify, refuse_foreign_log, replaced
from storage.migrations import upgrade

FILE_NAME = DATABASE

# A write statement that changes nothing. Under a plain BEGIN, a transaction that reads and then writes fails with
# SQLITE_BUSY_SNAPSHOT when another one has written in between, and busy_timeout does not apply. With a write as its
# first statement it waits for the lock (busy_timeout), then sees the newest state.
TAKE_WRITE_LOCK = "UPDATE projects SET id = id WHERE FALSE"

# A younger empty file may be one that another process is creating right now.
NEW_FILE_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Database:
    """An open data folder; ``read`` and ``write`` give connections."""

    data: Path
    reader: Engine
    writer: Engine
    identity: Identity = field(compare=False)
    background: bool = False

    @property
    def adapters(self) -> Path:
        """The folder of adapters and checkpoints."""
        return self.data / "adapters"

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only connection that sees one snapshot of the database, from its first query on.

        Keep it short: while it is open, SQLite cannot reuse the write-ahead log. Raises FolderError when the file or
        the disk fails, or the file is not the one that was opened.
        """
        self.check_identity()
        with self._translate_errors(), self.reader.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose block is one transaction: committed at the end, rolled back when the block raises.

        The block holds the write lock from the start, so what it reads stays true until it commits: compute and call
        models outside. Do not nest. Raises BusyError when others held the lock for 30 seconds, and FolderError when
        the disk is full or fails, or the file is not the one that was opened; nothing is saved then.
        """
        self.check_identity()
        if self.background:
            refuse_last_room(self.data)
        else:
            give_up_piece(self.data)
        with self._translate_errors(), self.writer.begin() as connection:
            yield connection

    def check_identity(self) -> None:
        """Raise FolderError where the file is not the one that was opened, or is not there."""
        if self.identity.check():
            self.reader.dispose()
            self.writer.dispose()

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, NoTurnError) as error:
            if isinstance(error, NoTurnError) or (isinstance(error.orig, sqlite3.Error) and is_locked(error.orig)):
                raise _busy(self.data) from error
            if explained := folder_error(error, self.data):
                raise explained from error
            raise

    def close(self) -> None:
        """Close all connections; the last one of the folder merges the write-ahead log into the file."""
        self.reader.dispose()
        self.writer.dispose()
        release(self.data)


def open_database(data: Path, *, background: bool = False) -> Database:
    """Open the data folder; create it or upgrade its schema where needed.

    ``background`` is for a process that was started to work on a database. It never creates one: where the file was
    moved away in the meantime, an empty one in its place would be taken for it. And it leaves the last room on a full
    disk to reviews (``storage.disk_reserve``). Raises UserError when the folder cannot be used, its file is damaged,
    empty or no database, or a newer Switchpoint wrote it; the file is left unchanged then.
    """
    path = data / FILE_NAME
    if background and not path.exists():
        raise FolderError(
            f"There is no database in {data}: if it was moved away, put it back; `switchpoint serve` makes a new one."
        )
    try:
        if not path.exists():
            refuse_without_room(data)
        (data / "adapters").mkdir(parents=True, exist_ok=True)
        if not background:
            give_up_piece(data)
        _refuse_empty(path)
        refuse_foreign_log(path)
        _use_write_ahead_log(path, "rw" if background else "rwc")
        upgrade(path)
        identity = identify(path)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.Error) and is_locked(cause):
            raise _busy(data) from error
        explained = folder_error(error, data)
        raise explained or FolderError(
            f"{data} cannot be used as a data folder ({error}): choose another --data."
        ) from error
    protect(data)
    reader, writer = (_engine(path, identity.token, writes=writes) for writes in (False, True))
    return Database(data=data, reader=reader, writer=writer, identity=identity, background=background)


def _count_write(connection: Connection, path: Path, token: int) -> None:
    """Count this transaction in the first page, so that the file and its log stay the ones that were opened."""
    found, writes = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in ("application_id", "user_version")
    )
    if found != token:
        raise replaced(path, "another database")
    connection.exec_driver_sql(f"PRAGMA user_version = {(writes + 1) & MAX_COUNT}")


def _busy(data: Path) -> BusyError:
    return BusyError(
        f"Something else has been writing to {data} for {BUSY_SECONDS} seconds, so this was not saved: try again when "
        "it is done."
    )


def _refuse_empty(path: Path) -> None:
    """Raise FolderError for a file of zero bytes, which SQLite takes for a new database: it was truncated."""
    while path.exists() and (status := path.stat()).st_size == 0:
        if time.time() - status.st_mtime > NEW_FILE_SECONDS:
            raise FolderError(
                f"{path} is empty, which no database of Switchpoint is: put a backup into a new folder with "
                "`switchpoint restore FILE --data NEW`, or remove the empty file to begin anew."
            )
        time.sleep(0.02)


def _use_write_ahead_log(path: Path, mode: str) -> None:
    """Set WAL, which the file keeps. SQLite does not wait here by itself when another process does the same."""
    give_up = time.monotonic() + BUSY_SECONDS
    with contextlib.closing(connect(path, mode)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not is_locked(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.02)


def _engine(path: Path, token: int, *, writes: bool) -> Engine:
    # One writing connection per process: its threads queue for it instead of polling SQLite's lock.
    pool = {"pool_size": 1, "max_overflow": 0} if writes else {"pool_size": 8, "max_overflow": 56}
    engine = create_engine(
        "sqlite://", creator=lambda: connect(path), poolclass=QueuePool, pool_timeout=BUSY_SECONDS, **pool
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL syncs the write-ahead log at each commit: what was acknowledged outlives a power cut. NORMAL does not.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
        if writes:
            connection.exec_driver_sql(TAKE_WRITE_LOCK)
            _count_write(connection, path, token)

    return engine
