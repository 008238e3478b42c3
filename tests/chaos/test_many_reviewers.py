"""Twenty reviewers send verdicts at once over HTTP while a worker imports and tunes on the database: nothing is lost.

Each verdict has a unique note, by which it is found in the history; ``SWITCHPOINT_LONG=1`` for 10,000 verdicts.
"""

import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import httpx
import pytest

from app.imports import support_set
from app.imports.pipeline import ImportRequest
from app.jobs.queue import cancel_job, put_tune
from app.processes.worker_process import ensure_worker
from app.selections.draw import make_selection
from app.web.page.place import REVIEWER_COOKIE
from core.types import Review
from storage import jobs, store
from storage.database import Database, open_database
from tests.bench.big_project import PROJECT, fill
from tests.chaos.test_full_disk import sound
from tests.projects.tiny_project import SETTINGS, SKILLS, fill_project, write_files
from tests.servers.app_server import Served, serving
from tests.wait_for import read_job, wait_for

LONG = os.environ.get("SWITCHPOINT_LONG") == "1"
SEED = 1
REVIEWERS = 20
VERDICTS = 10_000 if LONG else 800
CALM_VERDICTS, REVIEW_PAUSE_SECONDS = (1_000, 2.0) if LONG else (100, 2.0)
ERRORS = 2_000 if LONG else 200
ROWS = 60_000 if LONG else 15_000
PLACE = {"project": PROJECT, "round": "0", "tab": "review"}
BUSY = ("locked", "has been writing to", "bug in Switchpoint")


@dataclass(frozen=True, kw_only=True)
class Given:
    """A verdict as its reviewer sent it: the newest review ``seen`` on the case, and the answer."""

    sample: int
    seen: int
    skill: str
    kept: bool
    seconds: float


@dataclass
class Reviewer:
    """A reviewer who decides the case that the page shows, at times another one from the list."""

    url: str
    name: str
    samples: list[int]
    pause: float = 0.0
    given: dict[str, Given] = field(default_factory=dict)
    conflicts: int = 0
    wrong: list[str] = field(default_factory=list)

    def review(self, next_one: Iterator[int | None]) -> None:
        """Give verdicts until there are no more numbers; after a conflict, compare and decide again."""
        draw = random.Random(f"{SEED}:{self.name}")
        with httpx.Client(base_url=self.url, timeout=120, cookies={REVIEWER_COOKIE: self.name}) as http:
            self.http, shown = http, {}
            while (number := next(next_one)) is not None:
                if not shown or draw.random() < 0.1:
                    shown = self.sent({"kind": "open", "sample": draw.choice(self.samples)}, {})[0]
                time.sleep(self.pause * draw.uniform(0.5, 1.5))
                shown = self.decide(shown, f"{self.name} {number}", draw)

    def decide(self, shown: dict[str, str], note: str, draw: random.Random) -> dict[str, str]:
        """Send a verdict on the case shown, again where somebody was faster; returns what is shown next."""
        for attempt in count():
            skill = draw.choice(SKILLS)
            named = f"{note} {attempt}"
            act = {"kind": "verdict", "verdict": draw.choice(("accepted", "rejected")), "project": PROJECT, "round": 0}
            act |= {"sample": shown["sample"], "step": 1, "skill": skill, "note": named, "seen": shown["seen"]}
            started = time.monotonic()
            after, notice = self.sent(act, shown)
            conflict = "Somebody decided this case in the meantime" in notice
            self.given[named] = Given(
                sample=int(shown["sample"]), seen=int(shown["seen"]), skill=skill, kept=not conflict,
                seconds=time.monotonic() - started,
            )  # fmt: skip
            if not conflict:
                return after if after.get("sample") != shown["sample"] else {}
            self.conflicts += 1
            if after["mine"] != act["verdict"] or named not in after["html"] or after["seen"] == shown["seen"]:
                self.wrong.append(f"a conflict without both versions: {after}")
            shown = after
        raise AssertionError("counting ended")

    def sent(self, act: dict[str, object], shown: dict[str, str]) -> tuple[dict[str, str], str]:
        """Send an act; returns what the form then shows, and the notice."""
        said = self.http.post("/desk/act", params=PLACE, content=json.dumps(act | {"token": "x"}))
        parts = said.json() if said.status_code == 200 else {}
        notice = str(parts.get("notice") or "")
        if said.status_code != 200 or any(word in notice for word in BUSY) or 'class="notice error"' in notice:
            self.wrong.append(f"{said.status_code} {notice or said.text[:300]}")
        form = str(parts.get("editor") or "")
        found = dict(re.findall(r' data-(sample|seen|mine)="([^"]*)"', form))
        return found | {"html": form} if found else shown, notice


@dataclass
class Labour:
    """Keeps the worker busy: an import, a tuning run, an import, …"""

    db: Database
    rows: Path
    over: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)  # kinds of jobs that have run
    failed: list[str] = field(default_factory=list)

    def go_on(self) -> None:
        for number in count():
            kind = ("import", "tune")[number % 2]
            if kind == "import":
                job = support_set.put_import(
                    self.db, ImportRequest(what="support", path=str(self.rows), name=f"new {number}")
                )
            else:
                job = put_tune(self.db, "tiny", seed=number)
            if ensure_worker(self.db.data):
                time.sleep(1)
            while True:
                now = read_job(self.db, job.id)
                self.seen |= {kind} if now.done else set()
                if self.over.is_set() and now.state in jobs.ACTIVE:
                    cancel_job(self.db, job.id)
                    return
                if now.state not in jobs.ACTIVE:
                    break
                time.sleep(0.2)
            self.done[kind] += 1
            if now.state != "done":
                self.failed.append(now.error)


@pytest.fixture
def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, Labour]]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "1")
    data = tmp_path / "data"
    fill(data, errors=ERRORS, support=2_000, seed=SEED)
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join(json.dumps(_row(number)) for number in range(ROWS)) + "\n")
    with closing(open_database(data)) as db:
        # Some minutes of updates, each in a transaction, with occasional checkpoints.
        tuning = replace(SETTINGS.tuning, epochs=60.0 if LONG else 12.0, checkpoint_every=20)
        files = write_files(tmp_path / "tiny", samples=12, support=60)
        fill_project(db, files, "tiny", settings=replace(SETTINGS, tuning=tuning))
        make_selection(db, "tiny", support="support", budget=50, arm="random")
        with serving(data) as served:
            yield served, Labour(db=db, rows=rows)


def _row(number: int) -> dict[str, object]:
    return {"id": f"r{number}", "question": f"What is {number} plus 1?", "answer": f"{number + 1}",
            "response": f"It is {number + 1}.", "skill_label": SKILLS[number % 3], "task_name": "sums"}  # fmt: skip


def test_no_verdict_of_twenty_reviewers_is_lost_while_the_worker_writes(busy: tuple[Served, Labour]) -> None:
    served, labour = busy
    with labour.db.read() as connection:
        at = next(each.id for each in store.rounds_of(connection, store.project_named(connection, PROJECT).id))
        samples = [each.sample for each in store.diagnoses_of(connection, at)]
    work = threading.Thread(target=labour.go_on)
    work.start()
    wait_for(lambda: labour.seen, labour.db)
    fast = [Reviewer(served.url, f"reviewer {number}", samples) for number in range(REVIEWERS)]
    calm = [Reviewer(served.url, f"calm {number}", samples, pause=REVIEW_PAUSE_SECONDS) for number in range(REVIEWERS)]
    try:
        report("as fast as answers come", fast, labour, together(fast, VERDICTS, labour))
        report(f"one in about {REVIEW_PAUSE_SECONDS:g} s each", calm, labour, together(calm, CALM_VERDICTS, labour))
    finally:
        labour.over.set()
        work.join()
    people = [*fast, *calm]
    assert [wrong for person in people for wrong in person.wrong] == []
    assert labour.failed == []
    nothing_lost(labour.db, at, {note: each for person in people for note, each in person.given.items()})
    for log in (served.data / "server.log", served.data / "logs" / "worker.log"):
        said = log.read_text() if log.exists() else ""
        assert not [line for line in said.splitlines() if "locked" in line or "has been writing" in line]
    sound(labour.db)


def together(people: list[Reviewer], verdicts: int, labour: Labour) -> float:
    """Let all reviewers give verdicts until there are enough and the worker imported and tuned; returns the seconds."""
    numbers, turn = count(), threading.Lock()

    def next_one() -> Iterator[int | None]:
        while True:
            with turn:
                number = next(numbers)
            yield number if number < verdicts or labour.seen < {"import", "tune"} else None

    threads = [threading.Thread(target=each.review, args=(next_one(),)) for each in people]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def nothing_lost(db: Database, at: int, given: dict[str, Given]) -> None:
    """Assert that each acknowledged verdict is in the history once, on the newest review, and the last one stands."""
    with db.read() as connection:
        histories = store.review_histories(connection, at)
        standing = {sample: store.current_review(connection, at, sample) for sample in histories}
    kept = Counter(review.note for reviews in histories.values() for review in reviews)
    assert kept == Counter(note for note, each in given.items() if each.kept)
    assert kept.total() >= VERDICTS + CALM_VERDICTS
    for sample, reviews in histories.items():
        before = 0
        for review in reviews:
            mine = given[review.note]
            assert (mine.sample, mine.seen) == (sample, before), "decided on something older than what stood"
            assert review.skill == mine.skill or review.verdict != "accepted"
            before = review.id
        assert isinstance(last := standing[sample], Review)
        assert last.note == reviews[-1].note


def report(how: str, people: list[Reviewer], labour: Labour, took: float) -> None:
    """Print the figures."""
    given = [each for person in people for each in person.given.values()]
    times = sorted(each.seconds for each in given)
    p50, p95, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    with labour.db.read() as connection:
        runs = store.runs_of(connection, store.project_named(connection, "tiny").id)
        updates = sum(len(store.updates_of(connection, run.id)) for run in runs)
        rows = connection.exec_driver_sql("SELECT count(*) FROM samples").scalar_one()
    print(
        f"\nseed {SEED}, {how}: {len(people)} reviewers, {sum(each.kept for each in given):,} verdicts kept in "
        f"{took:.0f} s ({len(given) / took:.0f} a second), {sum(each.conflicts for each in people)} conflicts shown; a "
        f"save p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, longest {1000 * times[-1]:.0f} ms; by now "
        f"{dict(labour.done)} jobs done and one begun, {updates:,} updates, {rows:,} samples in the database; "
        f"{sum(len(each.wrong) for each in people)} answers with an error"
    )
