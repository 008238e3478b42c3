"""What the Tuning tab says of runs and estimates, from rows alone."""

import asyncio
import re
from dataclasses import asdict, replace

import pytest

from app.jobs.queue import put_tune
from app.selections.draw import make_selection
from app.web.page.change_stamp import stamp
from app.web.page.handlers import Page
from app.web.page.place import Place
from app.web.tabs.tuning import tab
from app.web.tabs.tuning.launch import estimate_html, launch_html
from app.web.tabs.tuning.runs import run_html, runs_html, seconds_left
from app.web.ui import build
from core.types import TuningSettings
from storage import jobs, store
from storage.database import Database
from storage.store import Run
from tests.projects.tiny_project import SETTINGS
from tests.storage.world import AN_ESTIMATE, an_update

PLACE = Place(project="tiny", round=0, tab="tuning")
FIRST = an_update(1, 1, memory=3 * 2**30, batch_size=2)


@pytest.fixture
def run(db: Database, tiny: str) -> Run:
    make_selection(db, tiny, budget=4, arm="random")
    job = put_tune(db, tiny)
    with db.read() as connection:
        return store.run_of(connection, job.args["run"])


def text(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html)


def test_the_time_left_is_that_of_the_newest_updates() -> None:
    settings = TuningSettings(batch_size=4, accumulation=2)
    slow = [replace(FIRST, number=number, samples_per_second=1.0) for number in range(1, 6)]
    fast = [replace(FIRST, number=number, total=100, samples_per_second=8.0) for number in range(6, 26)]
    assert seconds_left(settings, [*slow, *fast]) == pytest.approx(75)
    assert seconds_left(settings, [replace(FIRST, samples_per_second=0.0)]) == 0


def test_a_run_says_how_it_goes_and_that_its_batches_were_halved(db: Database, run: Run) -> None:
    with db.read() as connection:
        said = text(run_html(db, connection, PLACE, run, [FIRST]))
        halved = text(run_html(db, connection, PLACE, run, [replace(FIRST, batch_size=1)]))
    for part in ("update 1 of 10", "loss 2.0000", "4.0 samples/s", "3.0 GiB at most", "about 4 s left", "queued"):
        assert part in said
    assert "too small" not in said
    assert "The memory was too small for batches of 2: it goes on with 1" in halved


def test_a_waiting_run_can_be_cancelled_and_a_cancelled_one_resumed(db: Database, run: Run) -> None:
    with db.write() as connection:
        assert ">Cancel<" in run_html(db, connection, PLACE, run, [])
        (job,) = jobs.jobs_of(connection, run.project)
        jobs.request_cancel(connection, job.id)
        html = run_html(db, connection, PLACE, run, [])
    assert ">Resume<" in html
    assert ">Cancel<" not in html
    assert "no update yet" in html


def test_why_a_run_failed_is_shown_and_escaped(db: Database, run: Run) -> None:
    with db.write() as connection:
        job = jobs.claim(connection, "w", 1, 1.0)
        assert job is not None
        jobs.fail(connection, job, "The loss is no <b>number</b>.")
        html = run_html(db, connection, PLACE, run, [])
        assert "&lt;b&gt;number" in html
        assert "failed" in text(runs_html(connection, PLACE, [run]))


def test_an_estimate_is_for_its_own_settings_and_says_so_for_others(db: Database, run: Run) -> None:
    with db.write() as connection:
        project = store.project_named(connection, "tiny")
        assert "Not measured yet" in estimate_html(connection, PLACE, project, db.data)
        store.save_tuning_estimate(connection, run.selection, SETTINGS.tuning, replace(AN_ESTIMATE, batch_size=1))
        said = text(estimate_html(connection, PLACE, project, db.data))
        other = replace(project.settings, tuning=replace(SETTINGS.tuning, rank=9, start="base"))
        store.save_settings(connection, project.id, other)
        stale = text(estimate_html(connection, PLACE, store.project_of(connection, project.id), db.data))
    assert "about 28 s" in said
    assert "2.0 GiB" in said
    assert "3 samples cannot be learned" in said
    assert "the memory fits batches of 1: the run will halve them by itself" in said
    assert "with other settings (rank 2, start The round" in stale
    assert "Measure again" in stale


def test_the_tab_says_what_is_tuned_and_from_where(db: Database, run: Run) -> None:
    with db.read() as connection:
        project = store.project_named(connection, "tiny")
        assert "on 4 samples and opens round 1" in text(launch_html(connection, PLACE, project, db.data))
        behind = replace(project, student="openai:gpt-4o-mini")
        assert "behind an endpoint" in launch_html(connection, PLACE, behind, db.data)
        assert estimate_html(connection, PLACE, behind, db.data) == ""
    assert asdict(run.settings) == asdict(SETTINGS.tuning)


def test_before_tuning_again_the_tab_says_that_an_unfinished_run_goes_on(db: Database, run: Run) -> None:
    with db.write() as connection:
        project = store.project_named(connection, "tiny")
        assert "unfinished" not in launch_html(connection, PLACE, project, db.data), (
            "the run waits, and starting finds it"
        )
        jobs.request_cancel(connection, jobs.jobs_of(connection, project.id)[0].id)
        assert f"Run {run.id} of the same selection and settings is unfinished" in launch_html(
            connection, PLACE, project, db.data
        )
        other = replace(project.settings, tuning=replace(SETTINGS.tuning, rank=9))
        store.save_settings(connection, project.id, other)
        assert "unfinished" not in launch_html(connection, PLACE, store.project_of(connection, project.id), db.data)


@pytest.fixture
def page(db: Database) -> Page:
    async def made() -> Page:
        return build(db)[1]

    return asyncio.run(made())  # without a running loop Gradio makes two and closes neither


def test_a_run_that_ends_while_a_tick_is_answered_is_news_to_the_next_tick(
    db: Database, run: Run, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:

    def ends_meanwhile(*args: object) -> str:
        html = run_html(*args)  # type: ignore[arg-type]
        with db.write() as connection:
            store.finish_run(connection, run.id, "run-1/adapter")
            (job,) = jobs.jobs_of(connection, run.project)
            jobs.request_cancel(connection, job.id)
        return html

    monkeypatch.setattr(tab, "run_html", ends_meanwhile)
    brought = page.actions["tick"](PLACE, {"last": ""})
    said = " ".join(str(part) for part in brought.values())
    assert "queued" in said, "the answer was read before the run ended"
    told = re.findall(r'data-stamp="([^"]+)"', said)
    assert told
    assert told[0] != stamp(db, PLACE)
