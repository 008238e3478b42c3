"""A database that another process locks longer than the timeout: a sentence everywhere, drafts are kept, and the worker
waits.

The timeout is one second here; with ``SWITCHPOINT_LONG=1`` it is the app's own.
"""

import contextlib
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.imports.pending_imports import Previews
from app.imports.preview import run_preview
from app.imports.report import ImportRequest
from app.jobs.queue import put_predict
from app.settings import AppSettings
from app.worker.loop import run_queued_job
from core.errors import BusyError
from storage import store
from storage.connections import BUSY_SECONDS
from storage.database import FILE_NAME, Database, open_database
from tests.app.rpc import DATA, REVIEW, Remote, fill_two
from tests.browser.cases import PROJECT
from tests.chaos.commands import command
from tests.chaos.test_full_disk import sound
from tests.projects.tiny_project import SETTINGS, TinyFiles, fill_project
from tests.servers.app_server import serving
from tests.storage.migrations.schemas.make import HERE

WAIT = BUSY_SECONDS if os.environ.get("SWITCHPOINT_LONG") else 1
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""
# The app with another timeout.
PAGE = f"""
import storage.connections, storage.database
storage.database.BUSY_SECONDS = storage.connections.BUSY_SECONDS = {WAIT}
from app.__main__ import main
main()
"""


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", WAIT)
    monkeypatch.setattr("storage.connections.BUSY_SECONDS", WAIT)
    monkeypatch.setattr("app.worker.loop.RETRY_SECONDS", 0.5)


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Another process holds the write lock until the block ends."""
    run = [sys.executable, "-c", HOLD, str(data / FILE_NAME)]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.communicate()


@pytest.fixture
def db(tmp_path: Path, files: TinyFiles) -> Iterator[Database]:
    with contextlib.closing(open_database(tmp_path / "data")) as opened:
        fill_project(opened, files, settings=replace(SETTINGS, batch_size=1))
        yield opened


def is_told(said: str, data: Path) -> None:
    expected = f"Something else has been writing to {data} for {WAIT} seconds, so this was not saved: try again when it"
    assert expected in said
    assert "locked" not in said
    assert "Traceback" not in said


def test_the_command_line_says_so_and_reading_goes_on(
    db: Database, files: TinyFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    another = ["another", "--student", files.student, "--teacher", files.teacher]
    with locked(db.data):
        for asked in (
            ["new", *another],
            ["predict", "tiny"],
            ["import", "support", files["support"], "--name", "more", "--images", files.images],
        ):
            assert command(db.data, *asked) == 1, asked
            is_told(capsys.readouterr().err, db.data)
        assert command(db.data, "status", "tiny") == 0
        assert command(db.data, "backup", db.data.parent / "kept.zip") == 0
        capsys.readouterr()
    with db.read() as connection:
        assert [each.name for each in store.list_projects(connection)] == ["tiny"]
        assert [each.name for each in store.support_sets(connection)] == ["support"]
    assert command(db.data, "new", *another) == 0
    sound(db)


def test_a_database_of_an_older_schema_waits_to_be_brought_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "old"
    data.mkdir()
    (data / FILE_NAME).write_bytes(gzip.decompress((HERE / "0012.db.gz").read_bytes()))
    with contextlib.closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with locked(data):
        assert command(data, "status") == 1
        is_told(capsys.readouterr().err, data)
    assert command(data, "status") == 0


def test_the_worker_waits_and_loses_no_batch(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    job = put_predict(db, "tiny", roles=("validation",))
    released = threading.Event()

    def hold_in_the_middle() -> None:
        while not answered(db):
            time.sleep(0.01)
        with locked(db.data):
            time.sleep(WAIT * 1.5 + 0.5)
        released.set()

    holder = threading.Thread(target=hold_in_the_middle)
    holder.start()
    ended = run_queued_job(db, job, LocalEngine("cpu"))
    holder.join()
    assert released.is_set()
    assert (ended.state, ended.done, ended.error) == ("done", 12, "")
    assert answered(db) == 12
    assert "Something else has been writing" in caplog.text, "it came between two batches"


def answered(db: Database) -> int:
    with db.read() as connection:
        return len(store.predictions_of(connection, 1, "validation"))


def test_a_look_at_a_file_is_begun_again(db: Database, files: TinyFiles) -> None:
    request = ImportRequest(what="support", path=str(files["support"]), images=str(files.images), name="more")
    previews = Previews(db)
    made = previews.begin(request, reviewer="Ada", file="support.jsonl", upload="")
    with db.write() as connection:
        store.update_pending_import(connection, made.id, report=None)
    with locked(db.data):
        run_preview(db, made)
    with db.read() as connection:
        (waiting,) = store.pending_imports(connection)
    assert (waiting.report, waiting.error) == (None, "")
    previews.ensure(waiting)
    previews._running[made.id].join(30)
    with db.read() as connection:
        assert store.pending_imports(connection)[0].report["accepted"] == 30


def test_the_page_says_so_on_every_way_and_what_was_typed_stays(tmp_path: Path) -> None:
    data = tmp_path / "page"
    fill_two(data)
    with serving(data, run=("-c", PAGE)) as served, contextlib.closing(Remote(served.url)) as client:
        draft = {"project": PROJECT, "round": 0, "sample": 1, "seen": 0, "step": 2, "skill": "half a th", "note": "n"}
        assert client.http.post("/desk/draft", json=draft).status_code == 200
        verdict = {"project": PROJECT, "round": "0", "sample": "1", "verdict": "accepted", "step": "2", "seen": "0"}
        verdict["skill"] = "a whole thought"
        with locked(data):
            said = client.send("verdict", REVIEW, **verdict)
            is_told(said.sentence, data)
            assert list(json.loads(said.body)) == ["notice"], "the form is not painted anew"
            is_told(client.send("predict", DATA, role="validation").sentence, data)
            kept = client.http.post("/desk/draft", json=draft | {"skill": "a whole th"})
            assert kept.status_code == 503
            is_told(kept.text, data)
            assert not client.send("open", REVIEW, sample="2").is_refusal, "looking goes on"
            assert client.http.get("/", params=REVIEW).status_code == 200
        typed, counts = reviewed(data)
        assert (typed, counts) == ("half a th", {})
        assert not client.send("verdict", REVIEW, **verdict).is_refusal
        assert reviewed(data) == ("", {"edited": 1})


def reviewed(data: Path) -> tuple[str, dict[str, int]]:
    """The skill in the draft of the first case, and the number of verdicts."""
    with contextlib.closing(open_database(data)) as db, db.read() as connection:
        draft = store.draft_of(connection, 1, 1, AppSettings().reviewer)
        return "" if draft is None else draft.skill, dict(store.review_counts(connection, 1))


def test_a_write_that_waited_in_vain_can_be_tried_again(db: Database) -> None:
    with locked(db.data), pytest.raises(BusyError), db.write():
        raise AssertionError("it never began")
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE projects SET name = 'other'")
