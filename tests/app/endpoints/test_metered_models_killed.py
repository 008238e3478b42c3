"""``kill -9`` of a worker that uses an endpoint: answered requests are not repeated, and the API key is stored
nowhere."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.endpoints.spending import estimate_diagnose, spending
from app.jobs.queue import put_diagnose
from app.processes.worker_process import ensure_worker, worker_pid
from storage import store
from storage.database import Database
from tests.models.demo_teacher import ByLetter
from tests.projects.demo_mistakes import QUICK, fill
from tests.projects.unlabelled_support import KEY
from tests.servers.openai_server import Manners, OpenAIServer, openai_server
from tests.wait_for import read_job, wait_for

COUNT = 40


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", KEY)
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.01")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with openai_server(ByLetter(), Manners(key=KEY, delay=0.05)) as running:
        yield running


def test_what_was_answered_before_the_kill_is_not_asked_again(db: Database, server: OpenAIServer) -> None:
    at = fill(db, "p", teacher=server.name, count=COUNT)
    requests = estimate_diagnose(db, "p")["requests"] + 1
    job = put_diagnose(db, "p")
    assert ensure_worker(db.data)
    wait_for(lambda: len(server.asked) > requests / 4, db)
    pid = worker_pid(db.data)
    assert pid is not None
    assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: worker_pid(db.data) is None, db)
    kept = spending(db, "p")["models"][0]["requests"]
    assert requests / 8 < kept < requests, "the kill came too late to prove anything"
    assert ensure_worker(db.data)
    wait_for(lambda: read_job(db, job.id).state in ("done", "failed"), db)
    wait_for(lambda: worker_pid(db.data) is None, db)
    assert read_job(db, job.id).error == ""
    with db.read() as connection:
        assert len(store.diagnoses_of(connection, at)) == COUNT
    assert len(server.asked) <= requests + QUICK.at_once, "only what was under way is asked again"
    db.close()
    files = [path for path in db.data.rglob("*") if path.is_file()]
    assert {"switchpoint.db", "worker.log"} <= {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
