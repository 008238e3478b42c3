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
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoTurnError

from core.errors import UserError
from storage.migrations import BUSY_SECONDS, upgrade

FILE_NAME = "switchpoint.db"

# A write statement that changes nothing. Under a plain BEGIN a transaction that reads first and writes later fails with
# SQLITE_BUSY_SNAPSHOT when another one has written in between, and no busy_timeout helps. With a write as its first
# statement it waits for its turn (busy_timeout), then sees the newest state.
TAKE_TURN = "UPDATE projects SET id = id WHERE FALSE"


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

        Keep it short: while it is open the log that writers append to cannot be reused.
        """
        with self.reader.connect() as c:
            yield c

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose block is one transaction: committed at the end, rolled back when it raises.

        The block holds the only write lock from its beginning, so that what it reads stays true until it commits;
        compute and call models outside. Never open one inside another. Raises UserError when others held the lock for
        30 seconds.
        """
        try:
            with self.writer.begin() as c:
                yield c
        except (OperationalError, NoTurnError) as error:
            if isinstance(error, OperationalError) and not _is_busy(error):
                raise
            raise UserError(
                f"Something else has been writing to {self.data} for {BUSY_SECONDS} seconds: try again when it is done."
            ) from error

    def close(self) -> None:
        """Close every connection; the last one of the folder folds the log into the file."""
        self.reader.dispose()
        self.writer.dispose()


def open_database(data: Path) -> Database:
    """Open the data folder, making it and bringing its schema up to date where needed.

    Raises UserError when the folder cannot be used, holds another kind of file, or was written by a newer Switchpoint.
    """
    path = data / FILE_NAME
    try:
        (data / "adapters").mkdir(parents=True, exist_ok=True)
        _use_write_ahead_log(path)
    except (OSError, sqlite3.Error) as error:
        raise UserError(f"{data} cannot be used as a data folder ({error}): choose another --data.") from error
    upgrade(path)
    return Database(data=data, reader=_engine(path, writes=False), writer=_engine(path, writes=True))


def _use_write_ahead_log(path: Path) -> None:
    """Set WAL, which the file remembers. Here SQLite does not wait by itself when another process does the same."""
    give_up = time.monotonic() + BUSY_SECONDS
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy_code(error) or time.monotonic() > give_up:
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
    def begin(c: Connection) -> None:
        c.exec_driver_sql("BEGIN")
        if writes:
            c.exec_driver_sql(TAKE_TURN)

    return engine


def _is_busy(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.OperationalError) and _is_busy_code(error.orig)


def _is_busy_code(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
