"""Jobs with models behind a failing endpoint: every case is done or listed as failed, and nothing is paid twice.

Real worker processes against a real HTTP server; ``SWITCHPOINT_LONG=1`` for more samples, seeds and kills.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.endpoints.spending import set_spending, spending
from app.jobs.queue import put_diagnose, put_label, put_predict
from app.processes.worker_process import ensure_worker, worker_pid
from core.types import Diagnosis, EndpointSettings, Sample
from storage import store
from storage.database import Database, open_database
from storage.jobs import Job
from tests.projects.demo_mistakes import SETTINGS, fill, mistakes
from tests.servers.faulty_server import FAULTS, faulty_server
from tests.servers.openai_server import Manners, OpenAIServer, listening, openai_server
from tests.wait_for import read_job, wait_for

LONG = os.environ.get("SWITCHPOINT_LONG") == "1"
SEEDS = range(1, 4) if LONG else range(1, 2)
CASES = 100 if LONG else 16
KILLS = 5 if LONG else 2
TIMEOUT = 8.0 if LONG else 4.0
ALONE = FAULTS if LONG else ("429 date", "drip", "no list")
DEAD = ("500", "cut middle", "html", "hang") if LONG else ("500", "hang")
TIMEOUT_SECONDS = 1800.0
MAX_RUNS = 25
MAX_CONCURRENT = 8
PROJECT = "p"


@dataclass(frozen=True, kw_only=True)
class World:
    """A project at a bad endpoint with errors to diagnose, and half as many questions and samples to label."""

    db: Database
    at: int
    killed: list[int] = field(default_factory=list)

    @property
    def left(self) -> dict[str, set[str]]:
        """The source ids of the samples that each kind of job has not done yet."""
        with self.db.read() as connection:
            return {
                "diagnose": {sample.source_id for sample, _ in store.missing_diagnoses(connection, self.at)},
                "predict": {sample.source_id for sample in store.missing_predictions(connection, self.at, "test")},
                "label": {sample.source_id for sample in store.missing_labels(connection, "bare", limit=10**6)},
            }

    @property
    def diagnoses(self) -> list[Diagnosis]:
        with self.db.read() as connection:
            return [replace(each, teacher="") for each in store.diagnoses_of(connection, self.at)]

    def until(self, condition: Callable[[], object]) -> None:
        wait_for(condition, self.db, timeout=TIMEOUT_SECONDS)


@pytest.fixture(autouse=True)
def _quick_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.02")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("SWITCHPOINT_API_KEY", raising=False)


def make_in(
    db: Database, server: OpenAIServer, *, cases: int = CASES, retries: int = 2, timeout: float = TIMEOUT
) -> World:
    there = EndpointSettings(at_once=MAX_CONCURRENT, timeout=timeout, retries=retries)
    settings = replace(SETTINGS, endpoint=there, max_new_tokens=16)
    at = fill(db, PROJECT, teacher=server.name, student=server.name, count=cases, settings=settings)
    some = [sample for sample, _ in mistakes(cases // 2)]
    with db.write() as connection:
        asked = [replace(each, source_id=f"t-{each.source_id}") for each in some]
        store.save_samples(connection, project=1, role="test", samples=asked, images={})
        bare = [
            Sample(source_id=f"l-{n}", question=f"{n} plus 2?", answer="5", response="5") for n in range(cases // 2)
        ]
        store.save_samples(connection, project=None, role="support", name="bare", samples=bare, images={})
    return World(db=db, at=at)


@pytest.fixture
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes worlds, each in a database of its own."""
    with ExitStack() as worlds:

        def one(server: OpenAIServer, **given: Any) -> World:
            data = tmp_path_factory.mktemp("world")
            world = make_in(worlds.enter_context(closing(open_database(data))), server, **given)
            worlds.callback(lambda: world.until(lambda: worker_pid(data) is None))
            return world

        yield one


def put(db: Database, kind: str) -> Job:
    if kind == "label":
        return put_label(db, "bare", project=PROJECT)
    return put_predict(db, PROJECT) if kind == "predict" else put_diagnose(db, PROJECT)


def run(world: World, kind: str, kills: list[float]) -> Job:
    """Run a job in a worker process that is killed at those seconds after its start; returns the ended job."""
    job = put(world.db, kind)

    def ended() -> bool:
        return read_job(world.db, job.id).state in ("done", "failed")

    for seconds in [*kills, TIMEOUT_SECONDS]:
        if ended():
            break
        served(world)
        over = time.monotonic() + seconds
        # Starts another worker where one left as idle just when the job was queued.
        world.until(lambda over=over: ended() or time.monotonic() > over or worker_pid(world.db.data) is None)
        pid = worker_pid(world.db.data)
        if pid is not None and not ended():
            os.kill(pid, signal.SIGKILL)
            world.killed.append(pid)
            world.until(lambda: worker_pid(world.db.data) is None)
    while not ended():
        served(world)
        world.until(lambda: ended() or worker_pid(world.db.data) is None)
    return read_job(world.db, job.id)


def served(world: World) -> None:
    """Start one worker and wait until it serves."""
    if ensure_worker(world.db.data):
        world.until(lambda: worker_pid(world.db.data) is not None)


def checked(world: World, kind: str, job: Job) -> int:
    """Assert that every case is done, or listed in the job's error or its log; returns how many are listed."""
    left = world.left[kind]
    if job.state == "done":
        assert not left, job
        return 0
    assert f"{len(left):,} " in job.error, job.error
    assert "start again to try only these" in job.error, job.error
    log = (world.db.data / "logs" / "worker.log").read_text()
    for name in left:
        assert f"sample {name} is left out: http" in log, name
    listed = [
        name for name in left if f" {name}," in job.error or f" {name}:" in job.error or f" {name} and" in job.error
    ]
    assert len(listed) == len(left) or "more in logs/worker.log" in job.error, job.error
    return len(left)


def finished(world: World, kills: list[list[float]]) -> dict[str, list[int]]:
    """Run all jobs until nothing is left; returns how many cases were listed after each run, by kind."""
    said: dict[str, list[int]] = {}
    for kind in ("predict", "diagnose", "label"):
        said[kind] = []
        while not said[kind] or said[kind][-1]:
            assert len(said[kind]) < MAX_RUNS
            said[kind].append(checked(world, kind, run(world, kind, kills.pop() if kills else [])))
    return said


def reference(make: Callable[..., World], seed: int) -> list[Diagnosis]:
    """The results of the same answers at an endpoint without faults."""
    with faulty_server(seed, rate=0.0) as server:
        world = make(server)
        assert finished(world, []) == {"predict": [0], "diagnose": [0], "label": [0]}
        assert server.counted.twice == 0
    found = world.diagnoses
    assert any(each.curve.bounded for each in found), "no candidate was ever absent"
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_every_case_is_made_or_listed_and_nothing_is_paid_twice(make: Callable[..., World], seed: int) -> None:
    expected = reference(make, seed)
    with faulty_server(seed) as server:
        world = make(server)
        listed = finished(world, [])
        seen = server.counted
    assert world.diagnoses == expected
    assert seen.twice == 0
    assert all(waited >= named - 0.02 for named, waited in seen.waits), seen.waits
    kept = spending(world.db, PROJECT)["models"][0]
    assert kept["tokens_in"] + kept["tokens_out"] >= seen.billed
    print(
        f"\nseed {seed}: {seen.requests:,} requests, {seen.requests - seen.faults['']:,} of them failed in "
        f"{len(set(seen.faults) - {''})} ways; {len(expected)} diagnoses made and equal to those of a calm server, "
        f"listed as failed after each run {listed}; {len(seen.whole):,} requests paid, {seen.twice} of them twice; "
        f"{len(seen.waits)} Retry-After kept"
    )
    assert len(set(seen.faults) - {""}) == len(FAULTS) or not LONG


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_kill_only_what_was_in_flight_is_asked_again(make: Callable[..., World], seed: int) -> None:
    draw = random.Random(seed)
    with faulty_server(seed, rate=0.2) as server:
        world = make(server)
        kills = [[0.5 + draw.random() * 4 for _ in range(KILLS)] for _ in range(2)]
        listed = finished(world, [*kills])
        seen = server.counted
    killed = len(world.killed)
    print(
        f"\nseed {seed}: {killed} kills, {seen.requests:,} requests, {len(seen.whole):,} paid, {seen.twice} of "
        f"them twice (in flight at a kill: at most {MAX_CONCURRENT} each); listed {listed}"
    )
    assert len(world.diagnoses) == CASES
    assert killed > 0
    assert seen.twice <= killed * MAX_CONCURRENT
    assert world.left == {"diagnose": set(), "predict": set(), "label": set()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cap_holds_whatever_goes_wrong(make: Callable[..., World], seed: int) -> None:
    with faulty_server(seed) as server:
        world = make(server, retries=4)
        cap = 0.4 if LONG else 0.06
        set_spending(world.db, PROJECT, cap=cap, prices=[(server.name, 10.0, 10.0)])
        ended = run(world, "diagnose", [])
        while "start again to try only these" in ended.error:
            ended = run(world, "diagnose", [])
        assert f"The cap of ${cap:.2f} is reached" in ended.error
        billed, most = server.counted.billed * 10 / 1e6, server.counted.dearest * MAX_CONCURRENT * 10 / 1e6
        assert cap * 0.5 < billed <= cap + most
        asked = server.counted.requests
        assert "is reached" in run(world, "label", []).error
        assert server.counted.requests == asked
        set_spending(world.db, PROJECT, no_cap=True)
        finished(world, [])
        print(
            f"\nseed {seed}: cap ${cap:.4f}, billed ${billed:.4f}, at most ${most:.4f} in flight; all made afterwards"
        )
        assert server.counted.twice == 0


@pytest.mark.parametrize("fault", ALONE)
def test_one_kind_of_fault_alone_is_got_over(make: Callable[..., World], fault: str) -> None:
    with faulty_server(1, faults=[fault], odd=0.0) as server:
        world = make(server, cases=4, retries=6, timeout=2.0)
        job = run(world, "diagnose", [])
        assert (job.state, job.error, len(world.diagnoses)) == ("done", "", 4)
        assert server.counted.faults[fault] > 2
        assert server.counted.twice == 0


@pytest.mark.parametrize("fault", DEAD)
def test_an_endpoint_that_only_fails_ends_the_job_with_the_reason(make: Callable[..., World], fault: str) -> None:
    with faulty_server(1, rate=1.0, faults=[fault]) as server:
        job = run(make(server, cases=12, retries=1, timeout=1.0), "diagnose", [])
        assert job.state == "failed"
        said = {"500": "status 500", "cut middle": "before its answer was whole", "html": "no chat completion"}
        assert said.get(fault, "took longer than 1 seconds (the last of 2 tries)") in job.error
        # Log-probabilities may be refused with 500, too: every form of the request is tried.
        assert server.counted.requests == (6 if fault == "500" else 2)


def test_a_redirect_is_not_followed_with_the_key(make: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", "sk-test-0a1b2c3d4e5f6a7b")
    caught: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            caught.append(str(self.headers))

    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    to = {"Location": f"http://localhost:{elsewhere.server_port}/v1/chat/completions"}
    with (
        listening(elsewhere),
        faulty_server(1, rate=0.0) as model,
        openai_server(model.answers, Manners(failures=[(307, to, "there")])) as it,
    ):
        job = run(make(it, cases=4), "diagnose", [])
    assert job.state == "failed"
    assert "points to another address: name that one, it is not followed with a key" in job.error
    assert caught == []
    assert len(it.asked) == 1
