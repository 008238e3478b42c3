"""Lives a simulated life: puts it in the place of clocks, processes and the disk, and checks the file afterwards."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.database import FILE_NAME, Database, open_database
from tests.chaos.simulated_life import CASES, LABELLED, PREDICTED, Life
from tests.chaos.virtual_time import virtual_time
from tests.chaos.watched_vfs import watched
from tests.storage.world import a_round, a_round_of_errors, a_sample, lessons


def make_start(data: Path) -> None:
    """The data directory that each life starts from: errors to review, samples to predict and to label."""
    with closing(open_database(data)) as db, db.write() as connection:
        a_round_of_errors(connection, CASES)
        a_round(connection, "asked", validation=PREDICTED)
        lessons(connection, map(a_sample, range(LABELLED)))


@contextmanager
def patched(life: Life, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the life in the place of clocks, processes and signals, and let tasks take turns before each transaction."""
    read, written, stamps = Database.read, Database.write, count()

    @contextmanager
    def reading(self: Database) -> Iterator[Connection]:
        life.tasks.pause()
        with read(self) as connection:
            yield connection

    @contextmanager
    def writing(self: Database) -> Iterator[Connection]:
        life.tasks.pause()
        with life.committing(), written(self) as connection:
            yield connection

    def status(path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
        """As if the file had changed: whether it did within a tick of the system's clock is no matter of the seed."""
        found = path.stat()
        return (found.st_dev, found.st_ino), (next(stamps), 0)

    with monkeypatch.context() as patch, virtual_time(life.tasks, monkeypatch):
        patch.setattr(Database, "read", reading)
        patch.setattr(Database, "write", writing)
        patch.setattr("storage.identity._status", status)
        patch.setattr("signal.signal", lambda *_: None)
        patch.setattr("app.worker.loop.own_start", life.worker_pid)
        for module in ("loop", "supervisor"):
            patch.setattr(f"app.worker.{module}.is_alive", life.is_alive)
        patch.setattr("app.worker.supervisor.ensure_worker", life.start_worker)
        patch.setattr("app.worker.supervisor.worker_pid", life.worker_pid)
        patch.setattr("app.worker.supervisor.stalled_worker", lambda _: "")
        yield


def simulate(seed: int, start: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """Live the life of a seed in the new directory ``data``; fails where something acknowledged is not there."""
    shutil.copytree(start, data)
    life = Life(seed, data)
    with watched(life.disk), closing(open_database(data)) as db, patched(life, monkeypatch):
        try:
            life.live(db)
        finally:
            life.disk.mend()
            life.tasks.kill_all()
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    shutil.rmtree(data)
    return life
