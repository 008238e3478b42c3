"""After ``kill -9`` of the worker in the middle of a job a new worker finishes it, and nothing is done twice."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose, put_experiment, put_predict, put_tune
from app.processes.identity import is_alive, process_start
from app.processes.worker_process import ensure_worker, worker_pid
from app.projects.status import project_status
from app.selections.draw import make_selection
from storage import store
from storage.database import Database
from storage.jobs import Job
from tests.projects.tiny_project import SETTINGS, TinyFiles, fill_project, write_files
from tests.wait_for import open_for_workers, read_job, wait_for

# One sample a batch and long answers make jobs of some seconds, so that a kill hits the middle.
SLOW = replace(
    SETTINGS,
    batch_size=1,
    max_new_tokens=24,
    tuning=replace(SETTINGS.tuning, batch_size=1, checkpoint_every=10, epochs=3.0),
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    return write_files(tmp_path_factory.mktemp("many"), samples=150, support=60)


@pytest.fixture
def db(tmp_path: Path, many: TinyFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with open_for_workers(tmp_path / "data", monkeypatch) as opened:
        fill_project(opened, many, "slow", settings=SLOW)
        yield opened


def kill_in_the_middle(db: Database, job: Job) -> Job:
    """Start a worker, kill it once a fifth is saved, and return the job as the killed worker left it."""
    assert ensure_worker(db.data)
    wait_for(lambda: read_job(db, job.id).done > read_job(db, job.id).total / 5 > 0, db)
    pid = worker_pid(db.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: worker_pid(db.data) is None, db)
    left = read_job(db, job.id)
    assert left.state == "running", "a killed worker could not say anything"
    assert left.done < left.total, "the kill came too late to prove anything"
    return left


def finish(db: Database, job: Job) -> Job:
    assert ensure_worker(db.data), "the dead worker's lock keeps nobody out"
    wait_for(lambda: read_job(db, job.id).state not in ("queued", "running", "interrupted"), db)
    ended = read_job(db, job.id)
    assert ended.state == "done", ended.error
    assert ended.done == ended.total
    return ended


def test_predict(db: Database) -> None:
    job = put_predict(db, "slow", roles=("validation",))
    left = kill_in_the_middle(db, job)
    with db.read() as connection:
        before = store.predictions_of(connection, 1, "validation")
    assert len(before) == left.done, "progress is what is saved, no more and no less"
    finish(db, job)
    with db.read() as connection:
        after = {each.sample: each for each in store.predictions_of(connection, 1, "validation")}
    assert len(after) == 150
    assert all(after[each.sample] == each for each in before), "what was saved was not done again"


def test_diagnose(db: Database, many: TinyFiles) -> None:
    import_file(db, "predictions", many["predictions"], "slow")
    job = put_diagnose(db, "slow")
    kill_in_the_middle(db, job)
    with db.read() as connection:
        before = store.diagnoses_of(connection, 1)
    finish(db, job)
    with db.read() as connection:
        after = {each.sample: each for each in store.diagnoses_of(connection, 1)}
        assert store.missing_diagnoses(connection, 1) == []
    assert len(after) == 100
    assert all(after[each.sample] == each for each in before)


def children_of(pid: int) -> dict[int, float]:
    """The start times of the process's spawned children by process id, without its resource tracker."""
    found = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int(each.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (each.parent / "cmdline").read_bytes():
                found[int(each.parent.name)] = process_start(int(each.parent.name)) or 0.0
    return found


@pytest.mark.skipif(os.environ.get("SWITCHPOINT_LONG") != "1", reason="minutes: make chaos runs it")
def test_trials_side_by_side(db: Database, many: TinyFiles) -> None:
    import_file(db, "predictions", many["predictions"], "slow")
    job = put_experiment(db, "slow", arms=["untuned", "random"], budgets=[30], seeds=3, at_once=2)
    assert ensure_worker(db.data)
    wait_for(lambda: tuned(db), db)
    pid = worker_pid(db.data)
    assert pid is not None
    began = children_of(pid)
    assert len(began) == 2
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(is_alive(each, started) for each, started in began.items()), db)
    before = tuned(db)
    finish(db, job)
    with db.read() as connection:
        trials = [each for each in store.trials_of(connection, 1) if each.arm == "random"]
        assert len({each.run for each in trials}) == 3
        for each in trials:
            updates = store.updates_of(connection, each.run or 0)
            assert [update.number for update in updates] == list(range(1, updates[-1].total + 1))
            assert len(store.predictions_of(connection, each.round or 0, "test")) == 150
    assert before <= {each.run for each in trials}, "what was begun goes on"


def tuned(db: Database) -> set[int]:
    """The runs of trials with at least one update."""
    with db.read() as connection:
        runs = {each.run for each in store.trials_of(connection, 1) if each.run is not None}
        return {run for run in runs if store.updates_of(connection, run)}


def test_tune(db: Database) -> None:
    make_selection(db, "slow", budget=50, arm="random")
    job = put_tune(db, "slow")
    kill_in_the_middle(db, job)
    assert project_status(db, "slow")["rounds"][-1]["round"] == 0
    finish(db, job)
    with db.read() as connection:
        updates = store.updates_of(connection, job.args["run"])
        rounds = store.rounds_of(connection, 1)
        runs = store.runs_of(connection, 1)
    assert [update.number for update in updates] == list(range(1, 151))
    assert (len(runs), len(rounds)) == (1, 2)
    assert rounds[1].adapter is not None
    assert (db.adapters / rounds[1].adapter / "adapter_model.safetensors").exists()
