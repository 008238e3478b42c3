"""The stages of a life in order, from import to comparison: what each does, and when it is over."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from app.imports import support_set
from app.imports.report import ImportRequest
from app.jobs.queue import put_tune
from app.worker.supervisor import MAX_DEATHS
from storage import store
from tests.chaos.killer import App, Killer
from tests.chaos.life import NO_ANSWER, PERSON, PROJECT, SUPPORT, Life, Sizes, Stage
from tests.projects.tiny_project import SKILLS, TinyFiles

BUDGET = 40
VERDICTS = ("accepted", "accepted", "edited", "edited", "rejected", "skipped", "label_wrong", "draft")


def import_file_stage(what: str, count: str) -> Stage:
    """Preview a file and import it, in the app's process."""

    def stage(life: Life) -> Iterator[None]:
        images = "" if what == "predictions" else str(life.files.images)
        form = {"what": what, "source": str(life.files[what]), "images": images, "format": "", "name": ""}
        form |= {"share": "0", "seed": "0"}
        while not life.rows(count)[0][0]:
            with life.db.read() as connection:
                pending = store.pending_import_of(connection, store.project_named(connection, PROJECT).id, PERSON)
            if pending is None:
                life.send("look", **form)
            elif pending.report is not None:
                life.send("import", **{"import": pending.id})
            else:
                life.send("nav")  # rendering the page restarts an interrupted preview
            yield

    return stage


def job_stage(ask: Callable[[Life], Any]) -> Stage:
    """Queue a job and wait for its end; the list of jobs says whether one was queued although no answer came."""

    def stage(life: Life) -> Iterator[None]:
        before = max([key for (key,) in life.rows("SELECT id FROM jobs")], default=0)
        while True:
            job = life.newest()
            if job is None or job.id <= before:
                ask(life)
            elif job.state == "failed":
                assert f"{MAX_DEATHS} workers died" in job.error, job.error
                before, life.given_up = job.id, life.given_up + 1
            elif job.state == "done":
                return
            yield

    return stage


def begin_import(life: Life) -> None:
    path, images = str(life.files["lessons"]), str(life.files.images)
    support_set.put_import(life.db, ImportRequest(what="support", path=path, images=images, name=SUPPORT))


def review(life: Life) -> Iterator[None]:
    """Save a draft for each diagnosed case, then a verdict; a verdict whose answer was lost is sent again."""
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
        while (said := life.send("verdict", "review", verdict=verdict, **case)) == NO_ANSWER:
            yield
        if "Somebody decided this case in the meantime" in said:
            life.repeated += 1  # it had been saved: only the answer was lost
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
    """Make the selection; the database says whether it was made although no answer came."""
    place = {"project": PROJECT, "round": "0", "tab": "selection"}
    form = [BUDGET, 0, "targeted", True, SUPPORT]
    while (
        life.send("nav", "selection") == NO_ANSWER
    ):  # the page is opened once; an app begun again knows it all the same
        yield
    while not life.rows("SELECT count(*) FROM selections")[0][0]:
        life.answered(lambda: life.remote.call("select-button", "click", place, form))
        yield


def compare(life: Life) -> Iterator[None]:
    """Open the comparison until it is shown, five times."""
    place = {"project": PROJECT, "round": "1", "tab": "comparison"}
    for _ in range(5):
        while life.answered(lambda: life.remote.send("nav", place)) == NO_ANSWER:
            yield
        yield


# Each with the seconds of work within which its first kill comes.
STAGES: tuple[tuple[str, float, Stage], ...] = (
    (
        "import validation",
        0.5,
        import_file_stage("validation", "SELECT count(*) FROM sample_sets WHERE role = 'validation'"),
    ),
    ("import test", 0.5, import_file_stage("test", "SELECT count(*) FROM sample_sets WHERE role = 'test'")),
    ("import support", 0.5, job_stage(begin_import)),
    ("import predictions", 0.5, import_file_stage("predictions", "SELECT count(*) FROM predictions")),
    ("predict", 1.0, job_stage(lambda life: life.send("predict", newest="yes"))),
    ("diagnose", 1.0, job_stage(lambda life: life.send("diagnose", newest="yes"))),
    ("label", 1.0, job_stage(lambda life: life.send("label", support=SUPPORT, by="sample"))),
    ("review", 1.0, review),
    ("select", 0.5, select),
    ("tune", 1.0, job_stage(lambda life: put_tune(life.db, PROJECT))),
    ("predict again", 1.0, job_stage(lambda life: life.send("predict", newest="yes"))),
    ("compare", 0.5, compare),
)


def live_through(data: Path, files: TinyFiles, sizes: Sizes, killer: Callable[[App], Killer | None]) -> Life:
    """Lead a life to its end; the caller closes it."""
    life = Life(data, files, sizes, killer)
    try:
        life.lead(STAGES)
    except BaseException:
        life.close()
        raise
    return life
