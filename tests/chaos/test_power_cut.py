"""A power cut at any write of a project's life loses nothing that was acknowledged, and no batch is paid for twice.

The life runs once under ``recording_vfs``; each cut is then made from the recording. The suite first proves that it
finds a planted fault: with ``synchronous = NORMAL``, as SQLite is often set, verdicts are lost.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose, put_label
from app.projects.configuration import create_project
from app.worker.loop import run_queued_job
from core.errors import FolderError
from core.types import Draft
from storage import store
from storage.database import FILE_NAME, Database, open_database
from tests.chaos.power_cut import Cuts, Files, never, recovered
from tests.chaos.recording_vfs import Event, Recording, recorded
from tests.projects.tiny_project import SETTINGS, TinyFiles, write_files
from tests.projects.unlabelled_support import KEY, Quick, bare
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, Manners, openai_server
from tests.storage.world import a_review, a_round_of_errors

LONG = os.environ.get("SWITCHPOINT_LONG") == "1"
STRIDE = 1 if LONG else 11
SAMPLES = 20


@dataclass(frozen=True)
class Life:
    """The files before a life, and what was recorded of it."""

    start: Files
    recording: Recording

    def cuts(self, folder: Path) -> Cuts:
        return Cuts(self.start, self.recording.events, folder)

    @property
    def writes(self) -> int:
        return sum(each.kind == "write" for each in self.recording.events)


@contextmanager
def living(data: Path, monkeypatch: pytest.MonkeyPatch, failing: int = -1) -> Iterator[tuple[Database, Life]]:
    """An empty data directory whose database is recorded; the end of each ``Database.write`` acknowledges."""
    open_database(data).close()
    start = {FILE_NAME: (data / FILE_NAME).read_bytes()}
    with recorded(data, failing) as recording, monkeypatch.context() as patch:
        written = Database.write

        @contextmanager
        def acknowledged(self: Database) -> Iterator[Connection]:
            with written(self) as connection:
                yield connection
            recording.acknowledge()

        patch.setattr(Database, "write", acknowledged)
        db = open_database(data)
        yield db, Life(start, recording)
        db.close()


def verdicts(db: Database, count: int = 12) -> None:
    """Verdicts with a draft before each, every third of them undone."""
    with db.write() as connection:
        base, samples = a_round_of_errors(connection, count)
    for number, sample in enumerate(samples):
        with db.write() as connection:
            store.save_draft(connection, Draft(round=base, sample=sample, reviewer="Ada", skill=f"skill {number}"))
        with db.write() as connection:
            store.add_review(connection, a_review(base, sample, "rejected", note=f"verdict {number}"))
            store.drop_draft(connection, base, sample, "Ada")
        if number % 3 == 0:
            with db.write() as connection:
                store.undo_review(connection, base, sample, "Ada")


def diagnosed(db: Database, files: TinyFiles) -> None:
    """A project of 20 samples, imported and diagnosed by the tiny teacher."""
    name = "tiny"
    create_project(db, name, student=str(files.student), teacher=str(files.teacher), settings=SETTINGS)
    for what, skip in (("validation", False), ("support", False), ("predictions", False)):
        import_file(db, what, files[what], name, images=files.images, test_share=0, skip_refused=skip)  # type: ignore[arg-type]
    assert run_queued_job(db, put_diagnose(db, name), LocalEngine("cpu")).state == "done"


class PaidBatches(list[dict[str, Any]]):
    """The batches of an endpoint: one that is made is paid for, and recorded as "paid" with its token."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def append(self, made: dict[str, Any]) -> None:
        self.recording.events.append(Event("paid", content=next(iter(made["metadata"].values())).encode()))
        super().append(made)


def labelled(db: Database, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """A support set labelled in batches: submitted by one job, collected by the next."""
    with openai_server(Quick(), Manners(key=KEY)) as server, monkeypatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", KEY)
        patch.setenv("OPENAI_BASE_URL", server.url)
        server.batches = BatchRoom(made=PaidBatches(recording))
        bare(db, f"openai:{MODEL}", SAMPLES)
        for _ in range(2):
            assert run_queued_job(db, put_label(db, "bare", project="p", batch=True), LocalEngine("none")).error == ""
        assert len(server.batches.made) == 1


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    with living(tmp_path / "data", monkeypatch) as (db, life):
        diagnosed(db, write_files(tmp_path / "files", samples=SAMPLES, support=SAMPLES))
        verdicts(db)
        with closing(sqlite3.connect(db.data / FILE_NAME)) as connection:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")  # the log is written from its start again
        labelled(db, life.recording, monkeypatch)
    return life


def test_a_cut_at_any_write_loses_nothing_that_was_acknowledged_and_pays_nothing_twice(
    life: Life, tmp_path: Path
) -> None:
    assert 200 < life.writes <= 2000
    places = list(range(1, len(life.recording.events) + 1, STRIDE))
    cuts = life.cuts(tmp_path / "cut")
    assert list(cuts.lost(places)) == []
    forgotten = [
        token for place, disk in cuts.disks(places) for token in unknown(life, place, disk.files(never), tmp_path)
    ]
    assert forgotten == [], "a paid batch that the database does not know is sent again"
    assert any(each.kind == "paid" for each in life.recording.events)
    print(f"{len(places)} cuts of {life.writes} writes, 2 disks each: 0 acknowledged lost, 0 paid twice")


def unknown(life: Life, place: int, files: Files, folder: Path) -> list[str]:
    """The tokens of batches paid for before ``place`` that the recovered database would not look for."""
    paid = [each.content.decode() for each in life.recording.events[:place] if each.kind == "paid"]
    if not paid:
        return []
    with closing(recovered(files, folder / "paid")) as connection:
        known = connection.execute("SELECT token FROM batches WHERE state != 'uploading'").fetchall()
    return [each for each in paid if (each,) not in known]


def test_a_planted_fault_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without syncs at each commit, the database of a cut holds less than what was acknowledged."""
    with living(tmp_path / "data", monkeypatch) as (db, life):
        event.listen(db.writer, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
        verdicts(db)
    lost = list(life.cuts(tmp_path / "cut").lost(range(1, len(life.recording.events), 7)))
    assert any(each.way == "nothing pending" for each in lost)
    assert not any(each.state.startswith("damaged") for each in lost), "NORMAL loses, and damages nothing"


def test_a_sync_that_fails_is_said_and_what_was_acknowledged_before_and_after_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with living(tmp_path / "counted", monkeypatch) as (db, life):
        verdicts(db, 4)
    syncs = life.recording.syncs
    assert syncs >= 12
    for failing in range(0, syncs, 1 if LONG else 3):
        with living(tmp_path / f"failing {failing}", monkeypatch, failing) as (db, broken):
            said = [] if goes_on(lambda: verdicts(db, 4)) else ["it could not be saved"]
            goes_on(lambda: verdicts_again(db))
        events = broken.recording.events
        assert list(broken.cuts(tmp_path / "cut").lost(range(1, len(events) + 1, 1 if LONG else 5))) == [], failing
        assert said or failing >= syncs - 2, "only a sync while closing has nobody to tell"


def goes_on(step: Callable[[], None]) -> bool:
    """Whether a step of the life went through; otherwise it was refused by a sentence."""
    try:
        step()
    except FolderError:
        return False
    return True


def verdicts_again(db: Database) -> None:
    """The next project of the same person, on the connection on which a sync has failed."""
    with db.write() as connection:
        a_round_of_errors(connection, 2, name="another")
