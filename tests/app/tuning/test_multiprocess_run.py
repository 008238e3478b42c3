"""A run in two processes ends like one in a single process, also after its processes or its worker were killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_tune
from app.processes.identity import is_alive, process_start
from app.processes.worker_process import ensure_worker, worker_pid
from app.progress import Stopped
from app.selections.draw import make_selection
from app.settings import AppSettings
from app.tuning.multiprocess_run import process_count
from app.worker.loop import run_queued_job
from app.worker.registry import run_job
from core.errors import UserError
from core.types import StudentSettings, TuningSettings, Update
from storage import store
from storage.database import Database
from storage.jobs import Job
from tests.projects.tiny_project import SETTINGS
from tests.wait_for import read_job, wait_for

TWO = LocalEngine("cpu", processes=2)
QUICK = replace(SETTINGS.tuning, batch_size=4, accumulation=3, start="base")
LONG = replace(QUICK, batch_size=1, accumulation=2, epochs=400.0, checkpoint_every=10)
END_TIMEOUT_SECONDS = 20.0  # seconds
LONG_SUITE = pytest.mark.skipif(os.environ.get("SWITCHPOINT_LONG") != "1", reason="a minute: make chaos runs it")


@pytest.fixture
def selection(db: Database, tiny: str) -> int:
    return make_selection(db, tiny, budget=20, arm="random").id


def put(db: Database, selection: int, settings: TuningSettings) -> Job:
    return put_tune(db, "tiny", selection=selection, settings=settings)


def updates_of(db: Database, job: Job) -> list[Update]:
    with db.read() as connection:
        return store.updates_of(connection, job.args["run"])


def checkpoints(db: Database, job: Job) -> list[str]:
    return sorted(each.name for each in (db.adapters / f"run-{job.args['run']}").glob("checkpoint-*"))


def follow(db: Database, job: Job, *, stop: Callable[[], bool]) -> Iterator[int]:
    """Run the job in this process, saving as a worker does; yields how many updates are saved."""
    for advance in run_job(db, job, TWO, stop):
        with db.write() as connection:
            advance.save(connection)
        yield advance.done


def children_of(pid: int, *, grand: bool = True) -> dict[int, float]:
    """The process's launchers and, with ``grand``, their child processes too: start times by process id."""
    found = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int(each.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"app.tuning.process_main" in (each.parent / "cmdline").read_bytes():
                found[int(each.parent.name)] = process_start(int(each.parent.name)) or 0.0
    below = [children_of(each, grand=False) for each in found] if grand else []
    return found | {pid: start for some in below for pid, start in some.items()}


@pytest.mark.process
def test_a_run_in_two_processes_opens_the_round_that_one_process_opens(db: Database, selection: int) -> None:
    alone = run_queued_job(db, put(db, selection, QUICK), LocalEngine("cpu"))
    sharded = LocalEngine("cpu", processes=2, shard=True)  # in the tests below each process has the whole student
    together = run_queued_job(db, put(db, selection, QUICK), sharded)
    assert (together.state, together.done) == (alone.state, alone.done) == ("done", 2)
    one, two = updates_of(db, alone), updates_of(db, together)
    assert [each.loss for each in two] == pytest.approx([each.loss for each in one], rel=1e-5)
    with db.read() as connection:
        adapters = [each.adapter for each in store.rounds_of(connection, 1)]
    assert len(adapters) == 3
    assert (db.adapters / str(adapters[2]) / "adapter_model.safetensors").is_file()
    assert not children_of(os.getpid())


@pytest.mark.process
def test_a_killed_process_ends_the_others_and_the_run_goes_on_until_it_is_stopped_and_in_one_process_to_its_end(
    db: Database, selection: int
) -> None:
    job = put(db, selection, LONG)
    following = follow(db, job, stop=lambda: False)
    assert any(done > 10 for done in following)
    _, *processes = children_of(os.getpid())
    assert len(processes) == 2
    os.kill(max(processes), signal.SIGKILL)
    killed = time.monotonic()
    with pytest.raises(UserError, match=r"processes that tune together (has|was) ended.*resume, and the run goes on"):
        list(following)
    assert time.monotonic() - killed < END_TIMEOUT_SECONDS
    assert not children_of(os.getpid())
    made = len(updates_of(db, job))
    assert checkpoints(db, job)
    stopping = follow(db, job, stop=lambda: len(updates_of(db, job)) > made)
    with pytest.raises(Stopped):
        list(stopping)
    stopped = len(updates_of(db, job))
    assert stopped > made
    assert f"checkpoint-{stopped}" in checkpoints(db, job)
    assert not children_of(os.getpid())


@LONG_SUITE
def test_what_ends_the_run_is_said_in_its_own_sentence(db: Database, selection: int) -> None:
    job = put(db, selection, replace(QUICK, learning_rate=1e30, batch_size=1, warmup=0.0))
    with pytest.raises(UserError, match=r"The loss is no longer a number at update \d of .* a learning rate below"):
        list(follow(db, job, stop=lambda: False))


@LONG_SUITE
def test_a_killed_worker_takes_its_processes_along_and_the_next_goes_on_from_the_newest_checkpoint(
    db: Database, selection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.01")
    monkeypatch.setenv("SWITCHPOINT_DEVICE", "cpu")
    monkeypatch.setenv("SWITCHPOINT_PROCESSES", "2")
    job = put(db, selection, replace(LONG, epochs=30.0))
    assert ensure_worker(db.data)
    wait_for(lambda: len(updates_of(db, job)) > 20, db)
    worker = worker_pid(db.data)
    assert worker is not None
    began = children_of(worker)
    assert len(began) == 3
    os.kill(worker, signal.SIGKILL)
    wait_for(
        lambda: not any(is_alive(each, started) for each, started in began.items()), db, timeout=END_TIMEOUT_SECONDS
    )
    before = updates_of(db, job)
    monkeypatch.setenv("SWITCHPOINT_PROCESSES", "1")
    assert ensure_worker(db.data)

    wait_for(lambda: read_job(db, job.id).state not in ("queued", "running", "interrupted"), db)
    assert read_job(db, job.id).state == "done"
    after = updates_of(db, job)
    assert [each.number for each in after] == list(range(1, after[-1].total + 1))
    assert len(before) < len(after)
    assert [each.loss for each in after[: len(before)]] == pytest.approx([each.loss for each in before], rel=1e-3)
    wait_for(lambda: worker_pid(db.data) is None, db)


def test_as_many_processes_as_gpus_unless_something_else_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    one_place = StudentSettings()
    assert process_count("auto", "cpu", one_place) == 1
    assert process_count(3, "cpu", one_place) == 3
    assert process_count(3, "cuda:1", one_place) == 1
    assert process_count(3, "auto", replace(one_place, device_map="auto")) == 1, (
        "the student itself is spread over them"
    )
    assert process_count(3, "auto", replace(one_place, device_map="auto"), shard=True) == 3
    assert AppSettings().processes == "auto"
    monkeypatch.setenv("SWITCHPOINT_PROCESSES", "2")
    assert AppSettings().processes == 2
