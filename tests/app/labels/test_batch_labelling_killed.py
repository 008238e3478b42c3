"""``kill -9`` of a worker at each step of a batch: nothing is lost, and nothing is paid twice."""

import os
import signal
from collections.abc import Iterator

import pytest

from app.endpoints.spending import spending
from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_label
from app.processes.worker_process import ensure_worker, worker_pid
from app.worker.loop import run_queued_job
from storage import store
from storage.database import Database
from storage.jobs import Job
from tests.projects.unlabelled_support import KEY, Quick, bare, labels
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import Manners, OpenAIServer, openai_server
from tests.wait_for import wait_for

COUNT = 1500
ASKED = 1350


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.01")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with openai_server(Quick(), Manners(key=KEY)) as running:
        running.batches = BatchRoom()
        yield running


def ended(db: Database, job: Job) -> Job:
    """The job, run by this process after the other was killed."""
    return run_queued_job(db, job, LocalEngine("no such device"))


def put(db: Database) -> Job:
    return put_label(db, "bare", project="p", batch=True)


def kill_at(db: Database, server: OpenAIServer, at: str) -> Job:
    """Start labelling and kill the worker when the server reaches that point; the server continues."""
    room = server.batches
    assert room is not None
    room.stop_at = at
    job = put(db)
    assert ensure_worker(db.data)
    wait_for(room.reached.is_set, db)
    wait_for(lambda: at != "output" or kept(db) >= 500, db)
    pid = worker_pid(db.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: worker_pid(db.data) is None, db)
    return job


def kept(db: Database) -> int:
    with db.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM replies").scalar_one())


def state(db: Database) -> str:
    with db.read() as connection:
        (batch,) = store.batches_under_way(connection)
    return batch.state


def check_whole(db: Database, server: OpenAIServer) -> None:
    assert server.batches is not None
    assert all(labels(db).values())
    assert len(set(labels(db).values())) == ASKED
    keys = [each["custom_id"] for each in server.batches.requests()]
    assert len(keys) == len(set(keys)) == ASKED, "what is paid is paid once"
    (row,) = spending(db, "p")["models"]
    assert row["requests"] == ASKED + 1, "and the probe"
    with db.read() as connection:
        assert store.batches_under_way(connection) == []
        assert connection.exec_driver_sql("SELECT count(*) FROM batched_requests").scalar() == 0
    assert kept(db) == ASKED + 1


@pytest.mark.parametrize(
    ("at", "stands"),
    [("upload", "uploading"), ("uploaded", "uploading"), ("create", "creating"), ("created", "creating")],
)
def test_a_worker_killed_while_it_hands_a_batch_in(db: Database, server: OpenAIServer, at: str, stands: str) -> None:
    bare(db, server.name, COUNT)
    job = kill_at(db, server, at)
    assert server.batches is not None
    assert state(db) == stands
    assert len(server.batches.made) == (1 if at == "created" else 0)
    server.batches.go.set()
    again = ended(db, job)
    assert again.error == ""
    assert len(server.batches.made) == 1, "asked for in the last moment, it is found as well"
    assert ended(db, put(db)).done == COUNT
    check_whole(db, server)


def test_a_batch_that_was_asked_for_and_never_made_is_handed_in_again(db: Database, server: OpenAIServer) -> None:
    bare(db, server.name, COUNT)
    job = kill_at(db, server, "create")
    room = server.batches
    assert room is not None
    lost = BatchRoom(files=room.files)
    server.batches = lost
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE batches SET moved = '2026-01-01T00:00:00+00:00'")
    assert ended(db, job).error == ""
    room.go.set()
    assert len(lost.made) == 1
    assert ended(db, put(db)).done == COUNT
    check_whole(db, server)


def test_a_worker_killed_while_it_takes_answers_in(db: Database, server: OpenAIServer) -> None:
    bare(db, server.name, COUNT)
    ended(db, put(db))
    job = kill_at(db, server, "output")
    assert 500 <= kept(db) < ASKED, "some were taken in before the kill"
    assert server.batches is not None
    server.batches.go.set()
    assert ended(db, job).done == COUNT
    check_whole(db, server)
