"""A really full disk: a sentence says so, no partial files are left, and with free space all work continues."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from sqlalchemy import select

from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_predict, put_tune
from app.processes.worker_process import ensure_worker
from app.projects.configuration import create_project
from app.selections.draw import make_selection
from app.tuning.runs import resume_run
from app.worker.loop import run_queued_job
from core.atomic_files import write_folder
from core.errors import FolderError
from core.tuning.checkpoints import newest_checkpoint, save_checkpoint
from storage import store
from storage.database import FILE_NAME, Database, open_database
from storage.errors import folder_error
from storage.jobs import Job
from storage.tables import samples
from tests import test_kill
from tests.chaos.commands import command
from tests.chaos.small_disk import Disk, small_disk
from tests.core.tuning.test_checkpoints import checkpoint, names
from tests.projects.tiny_project import TinyFiles, fill_project, write_files
from tests.wait_for import open_for_workers, read_job, wait_for

SLOW = replace(test_kill.SLOW, tuning=replace(test_kill.SLOW.tuning, checkpoint_every=5, epochs=2.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    return write_files(tmp_path_factory.mktemp("many"), samples=80, support=60)


@pytest.fixture
def db(disk: Disk, files: TinyFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with open_for_workers(disk.path / "data", monkeypatch) as opened:
        fill_project(opened, files, settings=SLOW)
        yield opened


def sound(db: Database) -> None:
    with closing(sqlite3.connect(db.data / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def run_into_a_full_disk(db: Database, disk: Disk, job: Job) -> Job:
    """Fill the disk once a tenth of the job is saved; after it is freed the worker saves how the job ended."""
    ensure_worker(db.data)
    wait_for(lambda: read_job(db, job.id).done > read_job(db, job.id).total / 10 > 0, db)
    disk.fill()
    log = db.data / "logs" / "worker.log"
    last = [-1, 0.0]

    def stuck() -> bool:
        """Whether the job has ended, or makes no progress because its worker waits for space."""
        now = read_job(db, job.id)
        if now.done != last[0]:
            last[:] = [now.done, time.monotonic()]
        return now.state != "running" or time.monotonic() - last[1] > 6

    wait_for(stuck, db)
    sound(db)
    disk.free()
    wait_for(lambda: read_job(db, job.id).state != "running", db)
    ended = read_job(db, job.id)
    assert ended.state == "failed", log.read_text()[-2000:]
    assert "The disk is full" in ended.error
    assert "free some room and resume" in ended.error
    assert ended.done < ended.total
    return ended


def test_predicting_keeps_what_was_saved_and_goes_on(db: Database, disk: Disk) -> None:
    failed = run_into_a_full_disk(db, disk, put_predict(db, "tiny", roles=("validation",)))
    with db.read() as connection:
        before = store.predictions_of(connection, 1, "validation")
    assert len(before) == failed.done
    again = put_predict(db, "tiny", roles=("validation",))
    ensure_worker(db.data)
    wait_for(lambda: read_job(db, again.id).state == "done", db)
    with db.read() as connection:
        after = {each.sample: each for each in store.predictions_of(connection, 1, "validation")}
    assert len(after) == 80
    assert all(after[each.sample] == each for each in before)


def test_tuning_goes_on_from_a_whole_checkpoint(db: Database, disk: Disk) -> None:
    make_selection(db, "tiny", budget=50, arm="random")
    job = put_tune(db, "tiny")
    run_into_a_full_disk(db, disk, job)
    left = names(db.adapters / "run-1")
    assert all(name.removeprefix("checkpoint-").isdecimal() for name in left), left
    again = resume_run(db, "tiny", job.args["run"])
    ensure_worker(db.data)
    wait_for(lambda: read_job(db, again.id).state in ("done", "failed"), db)
    assert read_job(db, again.id).error == ""
    with db.read() as connection:
        assert [each.number for each in store.updates_of(connection, job.args["run"])] == list(range(1, 101))
    sound(db)


def test_an_import_that_does_not_fit_imports_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f'{{"id": "{n}", "image": "{n}.png", "question": "q{n}", "answer": "yes"}}' for n in range(30))
    (tmp_path / "rows.jsonl").write_text(rows)
    (tmp_path / "images").mkdir()
    for n in range(30):
        noise = torch.randint(0, 256, (256, 256, 3), dtype=torch.uint8).numpy()
        Image.fromarray(noise).save(tmp_path / "images" / f"{n}.png")
    asked = ["import", "validation", tmp_path / "rows.jsonl", "--project", "full", "--images", tmp_path / "images"]
    with small_disk(tmp_path / "disk", "2m") as disk, closing(open_database(disk.path / "data")) as db:
        create_project(db, "full", student="s", teacher="t")
        assert command(db.data, *asked) == 1
        assert "The disk is full" in capsys.readouterr().err
        with db.read() as connection:
            assert connection.scalars(select(samples.c.id)).all() == []
        sound(db)
        disk.remount("size=16m")
        assert command(db.data, *asked) == 0
        with db.read() as connection:
            assert len(connection.scalars(select(samples.c.id)).all()) == 30


@pytest.mark.parametrize("ending", ["", ".zip", ".parquet", ".json"])
def test_an_export_that_does_not_fit_leaves_nothing(
    tmp_path: Path, files: TinyFiles, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_database(tmp_path / "data")) as db:
        fill_project(db, files)
        make_selection(db, "tiny", budget=50, arm="random")
    with small_disk(tmp_path / "disk", "12k") as disk:
        asked = ["export", "selection", "tiny", disk.path / f"out{ending}"]
        assert command(db.data, *asked) == 1
        assert "The disk is full" in capsys.readouterr().err
        assert names(disk.path) == []
        disk.remount("size=4m")
        assert command(db.data, *asked) == 0
        assert names(disk.path) == [f"out{ending}"]


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    large = replace(checkpoint(4), adapter={"layer.lora_A.weight": torch.zeros(300_000)})
    state = replace(checkpoint(4), optimizer={"state": {0: {"step": torch.zeros(300_000)}}})
    with small_disk(tmp_path / "disk", "1m") as disk:
        save_checkpoint(disk.path, checkpoint(2))
        for too_large in (large, state):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - torch's and safetensors' own errors
                save_checkpoint(disk.path, too_large)
            assert "The disk is full" in str(folder_error(caught.value, disk.path))
            assert names(disk.path) == ["checkpoint-2"]
        found = newest_checkpoint(disk.path, "this run")
    assert found is not None
    assert len(found.updates) == 2


def test_a_finished_adapter_that_does_not_fit_is_not_there(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk, pytest.raises(OSError, match="No space left"):
        write_folder(disk.path / "adapter", lambda target: (target / "weights").write_bytes(b"0" * 100_000) and None)
    assert not (tmp_path / "disk" / "adapter").exists()


def refusal_of(db: Database, number: int) -> str:
    try:
        with db.write() as connection:
            values = (str(number), "x" * 100_000)
            connection.exec_driver_sql("INSERT INTO replies (key, reply, created) VALUES (?, ?, 'now')", values)
    except FolderError as error:
        return str(error)
    return ""


def test_every_write_that_does_not_fit_says_so_and_the_database_stays_sound(db: Database, disk: Disk) -> None:
    disk.fill()
    refused = [refusal for number in range(200) if (refusal := refusal_of(db, number))]
    assert len(refused) > 100  # some writes may still fit into space that SQLite's log has
    assert all("The disk is full" in refusal for refusal in refused)
    sound(db)
    disk.free()
    run_queued_job(db, put_predict(db, "tiny", roles=("test",)), LocalEngine("cpu"))
