"""The life of a tiny project: every action is sent as the page sends it, and again where no answer came.

Progress is read from the database, as a person would look at the page again; a job is queued once and then waited for.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from app.processes.worker_process import worker_pid
from app.projects.configuration import create_project
from app.web.page.place import REVIEWER_COOKIE
from core.types import Settings
from storage import jobs
from storage.database import FILE_NAME, open_database
from storage.jobs import Job
from tests.app.rpc import Remote
from tests.chaos.killer import App, Killer
from tests.chaos.ledger import Ledger
from tests.projects.tiny_project import SETTINGS, TinyFiles, write_files

PROJECT, SUPPORT, PERSON = "life", "lessons", "ada"
STAGE_TIMEOUT_SECONDS = 1200.0  # for one stage, including all restarts
POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes of a life's sets, and its epochs of tuning."""

    validation: int
    test: int
    lessons: int
    unlabelled: int
    epochs: float

    @property
    def settings(self) -> Settings:
        """One sample a batch and long answers make jobs of some seconds, so that kills hit the middle."""
        tuning = replace(SETTINGS.tuning, batch_size=1, checkpoint_every=5, epochs=self.epochs)
        return replace(SETTINGS, batch_size=1, max_new_tokens=24, support=SUPPORT, tuning=tuning)


def write_world(folder: Path, sizes: Sizes) -> TinyFiles:
    """The files of a life: predictions for most validation samples, so that there are errors to diagnose, and a support
    set whose import takes a while, with some unlabelled samples."""
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
        create_project(
            self.db, PROJECT, student=str(files.student), teacher=str(files.teacher), settings=sizes.settings
        )
        self.app, self.ledger = App(data), Ledger(data)
        self.app.start()
        self.remote = Remote(self.app.url)
        self.remote.http.cookies.set(REVIEWER_COOKIE, PERSON)
        self.killer = killer(self.app)
        self.lost = self.given_up = self.repeated = 0

    def lead(self, stages: "Sequence[tuple[str, float, Stage]]") -> None:
        """Run all stages, from an empty project to two compared rounds."""
        if self.killer:
            self.killer.start()
        try:
            for name, soon, stage in stages:
                started = time.monotonic()
                if self.killer:
                    self.killer.enter(name, soon=soon)
                for _ in stage(self):
                    self.look_around()
                    assert time.monotonic() - started < STAGE_TIMEOUT_SECONDS, f"{name} does not end: {self.newest()}"
                    time.sleep(POLL_SECONDS)
        finally:
            if self.killer:
                self.killer.over.set()
                self.killer.join()
        self.look_around()
        self.ledger.look()

    def look_around(self) -> None:
        """After a kill, check the database and restart the app, which restarts its worker itself."""
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
        with self.db.read() as connection:
            return next(iter(jobs.jobs_of(connection, limit=1)), None)

    def send(self, kind: str, tab: str = "data", **sent: Any) -> str:
        """Send a command or act as the page does; returns its notice, or NO_ANSWER."""
        place = {"project": PROJECT, "tab": tab}
        return self.answered(lambda: self.remote.send(kind, place, **sent))

    def answered(self, call: Callable[[], Any]) -> str:
        """The notice of an answer; NO_ANSWER where none came."""
        try:
            answer = call()
        except (httpx.TransportError, AssertionError):
            assert self.killer is not None, "no answer, though nobody was killed"
            self.lost += 1
            return NO_ANSWER
        assert answer.status == 200, answer.body[:300]
        assert not answer.is_refusal, answer.sentence
        return str(answer.sentence)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.db.data / FILE_NAME)) as connection:
            return connection.execute(query).fetchall()

    def close(self) -> None:
        self.app.end()
        self.remote.http.close()
        self.db.close()


NO_ANSWER = "no answer"
Stage = Callable[[Life], Iterator[None]]
