"""The life of a tiny project as a person leads it: each act is sent as the page sends it, and again if no answer came.

What is done is asked of the database, as a person looks at the page again; a job is begun once and then waited for,
whoever does it. Knows nothing of who dies meanwhile but that a call may fail.
"""

import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from app import actions
from app.import_report import ImportRequest
from app.links import REVIEWER_COOKIE
from app.minding import DEATHS
from app.worker import worker_pid
from core.types import Settings
from storage import jobs, store
from storage.database import FILE_NAME, open_database
from storage.jobs import Job
from tests.app.rpc import Remote
from tests.chaos.killer import App, Killer
from tests.chaos.ledger import Ledger
from tests.tiny_project import SETTINGS, SKILLS, TinyFiles, write_files

PROJECT, SUPPORT, PERSON = "life", "lessons", "ada"
BUDGET = 40
PATIENCE = 1200.0  # for a stage, however often its worker dies
PAUSE = 0.02
VERDICTS = ("accepted", "accepted", "edited", "edited", "rejected", "skipped", "label_wrong", "draft")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much work a life holds."""

    validation: int
    test: int
    lessons: int
    unlabelled: int
    epochs: float

    @property
    def settings(self) -> Settings:
        """One sample a batch and long answers: jobs of some seconds, so that kills land in their middle."""
        tuning = replace(SETTINGS.tuning, batch_size=1, checkpoint_every=5, epochs=self.epochs)
        return replace(SETTINGS, batch_size=1, max_new_tokens=24, support=SUPPORT, tuning=tuning)


def write_world(folder: Path, sizes: Sizes) -> TinyFiles:
    """The files of a life: most of the validation answers are given, so that there is something to diagnose, and the
    support set is large enough to be seen coming in, with some samples that have no label yet."""
    files = write_files(folder, samples=sizes.validation, support=60)
    for name, kept in (("predictions", sizes.validation * 7 // 8), ("test", sizes.test)):
        files[name].write_text("".join(files[name].read_text().splitlines(keepends=True)[:kept]))
    lessons = [json.loads(line) for line in files["support"].read_text().splitlines()]
    with files["lessons"].open("w") as file:
        for number in range(sizes.lessons):
            row = lessons[number % len(lessons)] | {"id": f"l{number}"}
            row["conversations"][0]["value"] = f"<image>\nWhat is {number} plus 1?"
            file.write(json.dumps(row if number >= sizes.unlabelled else row | {"skill_label": ""}) + "\n")
    return files


class Life:
    """One project in one data directory, its app, and the person."""

    def __init__(self, data: Path, files: TinyFiles, sizes: Sizes, killer: Callable[[App], Killer | None]) -> None:
        self.files, self.db = files, open_database(data)
        actions.create_project(
            self.db, PROJECT, student=str(files.student), teacher=str(files.teacher), settings=sizes.settings
        )
        self.app, self.ledger = App(data), Ledger(data)
        self.app.start()
        self.remote = Remote(self.app.url)
        self.remote.http.cookies.set(REVIEWER_COOKIE, PERSON)
        self.killer = killer(self.app)
        self.lost = self.given_up = self.repeated = 0

    def lead(self) -> None:
        """From nothing to two rounds compared."""
        if self.killer:
            self.killer.start()
        try:
            for name, soon, stage in STAGES:
                begun = time.monotonic()
                if self.killer:
                    self.killer.enter(name, soon=soon)
                for _ in stage(self):
                    self.look_around()
                    assert time.monotonic() - begun < PATIENCE, f"{name} does not end: {self.newest()}"
                    time.sleep(PAUSE)
        finally:
            if self.killer:
                self.killer.over.set()
                self.killer.join()
        self.look_around()
        self.ledger.look()

    def look_around(self) -> None:
        """After a kill: is all there that was? Then the app is begun again; its worker is the app's own matter."""
        if self.killer is None:
            return
        job = self.newest()
        working = job is None or job.state not in jobs.ACTIVE
        if job and job.state == "running":
            working = job.pid == worker_pid(self.db.data) and job.first_done is not None
        self.killer.working, self.killer.done = working, job.done if job and job.state in jobs.ACTIVE else -1
        if self.killer.struck.is_set():
            self.ledger.look()
            self.app.start()
            self.killer.arm()

    def newest(self) -> Job | None:
        with self.db.read() as c:
            return next(iter(jobs.jobs_of(c, limit=1)), None)

    def send(self, kind: str, tab: str = "data", **sent: Any) -> str:
        """Send a command or act; the notice, or "" with a count where the app died before it answered."""
        place = {"project": PROJECT, "tab": tab}
        return self.answered(lambda: self.remote.send(kind, place, **sent))

    def answered(self, call: Callable[[], Any]) -> str:
        """The notice of an answer; LOST where none came."""
        try:
            answer = call()
        except (httpx.TransportError, AssertionError):
            assert self.killer is not None, "no answer, though nobody was killed"
            self.lost += 1
            return LOST
        assert answer.status == 200, answer.body[:300]
        assert not answer.is_refusal, answer.sentence
        return str(answer.sentence)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.db.data / FILE_NAME)) as c:
            return c.execute(query).fetchall()

    def close(self) -> None:
        self.app.end()
        self.remote.http.close()
        self.db.close()


LOST = "no answer"
Stage = Callable[[Life], Iterator[None]]


def bring_in(what: str, count: str) -> Stage:
    """Look at a file and import it, in the app's own process."""

    def stage(life: Life) -> Iterator[None]:
        images = "" if what == "predictions" else str(life.files.images)
        form = {"what": what, "source": str(life.files[what]), "images": images, "format": "", "name": ""}
        form |= {"share": "0", "seed": "0"}
        while not life.rows(count)[0][0]:
            with life.db.read() as c:
                pending = store.pending_import(c, store.project_named(c, PROJECT).id, PERSON)
            if pending is None:
                life.send("look", **form)
            elif pending.report is not None:
                life.send("import", **{"import": pending.id})
            else:
                life.send("nav")  # the page that is looked at sees to it that the look goes on
            yield

    return stage


def job_of(ask: Callable[[Life], Any]) -> Stage:
    """Begin a job and wait for its end. Whether it was begun though no answer came, the list of jobs says."""

    def stage(life: Life) -> Iterator[None]:
        before = max([key for (key,) in life.rows("SELECT id FROM jobs")], default=0)
        while True:
            job = life.newest()
            if job is None or job.id <= before:
                ask(life)
            elif job.state == "failed":
                assert f"{DEATHS} workers died" in job.error, job.error
                before, life.given_up = job.id, life.given_up + 1
            elif job.state == "done":
                return
            yield

    return stage


def begin_import(life: Life) -> None:
    path, images = str(life.files["lessons"]), str(life.files.images)
    actions.put_import(life.db, ImportRequest(what="support", path=path, images=images, name=SUPPORT))


def review(life: Life) -> Iterator[None]:
    """Type on each diagnosed case, then decide it; a person whose answer was lost sends the same again."""
    cases = life.rows(
        "SELECT samples.id, source_id, diagnoses.mistake_step FROM diagnoses JOIN samples ON samples.id = sample "
        "WHERE round = 1 ORDER BY source_id"
    )
    assert cases, "nothing was diagnosed"
    for sample, source, found in cases:
        draw = random.Random(source)
        verdict, step, skill, note = draw.choice(VERDICTS), found or 1, draw.choice(SKILLS), f"of {source}"
        case = {"project": PROJECT, "round": 0, "sample": sample, "step": step, "skill": skill, "note": note, "seen": 0}
        while not drafted(life, case):
            yield
        life.ledger.draft(sample, step, skill, note)
        yield
        if verdict == "draft":
            continue
        if verdict == "edited":
            verdict = "accepted"
        else:
            case["skill"] = ""
        while (said := life.send("verdict", "review", verdict=verdict, **case)) == LOST:
            yield
        if "Somebody decided this case in the meantime" in said:
            life.repeated += 1  # it was saved, and only the answer was lost
        life.ledger.verdict(sample, note)
        yield


def drafted(life: Life, case: dict[str, Any]) -> bool:
    try:
        said = life.remote.http.post("/desk/draft", json=case)
    except httpx.TransportError:
        life.lost += 1
        return False
    assert said.status_code == 200, said.text
    return bool(said.json()["saved"])


def select(life: Life) -> Iterator[None]:
    """Make the selection; whether it was made though no answer came, the list of selections says."""
    place = {"project": PROJECT, "round": "0", "tab": "selection"}
    form = [BUDGET, 0, "targeted", True, SUPPORT]
    while life.send("nav", "selection") == LOST:  # the page is opened once; an app begun again knows it all the same
        yield
    while not life.rows("SELECT count(*) FROM selections")[0][0]:
        life.answered(lambda: life.remote.call("select-button", "click", place, form))
        yield


def compare(life: Life) -> Iterator[None]:
    """Look at the comparison, as often as it takes to see it."""
    place = {"project": PROJECT, "round": "1", "tab": "comparison"}
    for _ in range(5):
        while life.answered(lambda: life.remote.send("nav", place)) == LOST:
            yield
        yield


# Each with the seconds of work within which its first strike comes.
STAGES: tuple[tuple[str, float, Stage], ...] = (
    ("import validation", 0.5, bring_in("validation", "SELECT count(*) FROM sample_sets WHERE role = 'validation'")),
    ("import test", 0.5, bring_in("test", "SELECT count(*) FROM sample_sets WHERE role = 'test'")),
    ("import support", 0.5, job_of(begin_import)),
    ("import predictions", 0.5, bring_in("predictions", "SELECT count(*) FROM predictions")),
    ("predict", 1.0, job_of(lambda life: life.send("predict", newest="yes"))),
    ("diagnose", 1.0, job_of(lambda life: life.send("diagnose", newest="yes"))),
    ("label", 1.0, job_of(lambda life: life.send("label", support=SUPPORT, by="sample"))),
    ("review", 1.0, review),
    ("select", 0.5, select),
    ("tune", 1.0, job_of(lambda life: actions.put_tune(life.db, PROJECT))),
    ("predict again", 1.0, job_of(lambda life: life.send("predict", newest="yes"))),
    ("compare", 0.5, compare),
)


def lived(data: Path, files: TinyFiles, sizes: Sizes, killer: Callable[[App], Killer | None]) -> Life:
    """A life led to its end; the caller closes it."""
    life = Life(data, files, sizes, killer)
    try:
        life.lead()
    except BaseException:
        life.close()
        raise
    return life
