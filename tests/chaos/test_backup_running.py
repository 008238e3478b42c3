"""Backups taken during tuning: after a restore the run resumes from its checkpoint and ends with the same weights."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.jobs.queue import put_tune
from app.processes.worker_process import ensure_worker
from app.selections.draw import make_selection
from core.tuning.saved_checkpoints import checkpoints_in
from storage import jobs, store
from storage.database import Database
from tests.chaos.test_full_disk import SLOW, sound
from tests.projects.tiny_project import TinyFiles, fill_project, write_files
from tests.wait_for import open_for_workers, read_job, wait_for

LONG = bool(os.environ.get("SWITCHPOINT_LONG"))
BACKUPS = 12 if LONG else 2
SETTINGS = replace(SLOW, tuning=replace(SLOW.tuning, checkpoint_every=4, epochs=3.0 if LONG else 1.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    return write_files(tmp_path_factory.mktemp("many"), samples=12, support=60)


@pytest.fixture
def db(tmp_path: Path, files: TinyFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SWITCHPOINT_ROOTS", str(files.images))
    with open_for_workers(tmp_path / "data", monkeypatch) as opened:
        fill_project(opened, files, settings=SETTINGS)
        yield opened


def losses(db: Database, run: int) -> list[tuple[int, float]]:
    with db.read() as connection:
        return [(each.number, each.loss) for each in store.updates_of(connection, run)]


def test_backups_taken_while_a_run_goes_on_end_where_it_ends(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_selection(db, "tiny", budget=50, arm="random")
    job = put_tune(db, "tiny")
    run = job.args["run"]
    ensure_worker(db.data)
    taken = []
    for number in range(BACKUPS):
        wanted = (number + 1) * (100 if LONG else 35) // BACKUPS
        wait_for(
            lambda wanted=wanted: len(losses(db, run)) >= wanted or read_job(db, job.id).state not in jobs.ACTIVE, db
        )
        file = tmp_path / f"{number}.zip"
        began = time.monotonic()
        manifest = create_backup(db, file, on_progress=lambda _: None)
        seconds = time.monotonic() - began
        print(f"backup {number}: {file.stat().st_size:,} bytes in {seconds:.2f} s, {len(manifest['members'])} members")
        taken.append(file)
    wait_for(lambda: read_job(db, job.id).state not in jobs.ACTIVE, db)
    assert read_job(db, job.id).state == "done", read_job(db, job.id).error
    for file in taken:
        restore_backup(file, tmp_path / file.stem, on_progress=lambda _: None)
        with open_for_workers(tmp_path / file.stem, monkeypatch) as again:
            goes_on(db, again, run, job.id)


def goes_on(db: Database, again: Database, run: int, job: int) -> None:
    """The run of a restored backup ends where the run that was backed up did."""
    sound(again)
    there = losses(again, run)
    kept = [each.updates for each in checkpoints_in(again.adapters / f"run-{run}")]
    assert kept or (again.adapters / f"run-{run}" / "adapter").is_dir(), "a checkpoint is in the backup"
    ensure_worker(again.data)
    wait_for(lambda: read_job(again, job).state not in jobs.ACTIVE, again)
    assert read_job(again, job).state == "done", read_job(again, job).error
    assert losses(again, run)[: len(there)] == there
    assert losses(again, run) == losses(db, run)
    weights = [
        load_file(each.adapters / f"run-{run}" / "adapter" / "adapter_model.safetensors") for each in (db, again)
    ]
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])
    made = len(losses(db, run))
    print(f"{again.data.name}: {len(there)} updates and checkpoints after {kept} were in it, {made} in the end")
