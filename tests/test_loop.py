"""The whole loop on a small part of the demo, from files to a better student. The best test to read first.

A real student answers, fails at some, is diagnosed by a real teacher, gets samples for the skills it lacks, is tuned,
and answers better. `make demo` does the same on the whole demo and measures how much better.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.comparisons.paired import compare_rounds
from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose, put_predict, put_tune
from app.projects.configuration import create_project
from app.projects.status import next_step, project_status
from app.reviews.verdicts import accept_all
from app.selections.draw import make_selection
from app.settings import AppSettings
from app.worker.loop import run_queued_job
from assets import demo
from assets.demo.draw import write_support
from assets.demo.settings import demo_settings
from storage.database import Database, open_database
from tests.browser.demo_cut import cut_zip

VALIDATION, TEST, SUPPORT, BUDGET = 160, 160, 2400, 240


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(tmp_path / "data")) as opened:
        yield opened


@pytest.mark.slow
def test_from_an_upload_to_a_better_student(db: Database, tmp_path: Path) -> None:
    models = LocalEngine(AppSettings().device)
    settings = demo_settings()

    # One student, one teacher, one task to get better at.
    create_project(
        db,
        "digits",
        student="assets/demo/student",
        teacher="assets/demo/teacher",
        settings=replace(settings, support="lessons", tuning=replace(settings.tuning, epochs=4.0)),
    )
    assert next_step(db, "digits").stage == "import"

    # Labelled samples of the task: one set to diagnose, one to measure; and a support set of many other tasks.
    for role, archive, count in (("validation", demo.VALIDATION, VALIDATION), ("test", demo.TEST, TEST)):
        report = import_file(db, role, cut_zip(archive, tmp_path / f"{role}.zip", count), "digits", test_share=0)  # type: ignore[arg-type]
        assert (report["accepted"], report["refused"]) == (count, [])
    report = import_file(db, "support", write_support(tmp_path / "lessons", limit=SUPPORT), name="lessons")
    assert (report["accepted"], report["refused"]) == (SUPPORT, [])
    assert next_step(db, "digits").stage == "predict"

    # The student answers with a rationale; about half of its answers are wrong.
    run_queued_job(db, put_predict(db, "digits"), models)
    row = project_status(db, "digits")["rounds"][0]
    assert (row["predictions"], row["test_predictions"]) == (VALIDATION, TEST)
    assert VALIDATION * 0.2 < row["wrong"] < VALIDATION * 0.8
    assert next_step(db, "digits").stage == "diagnose"

    # The teacher reads each wrong rationale, finds the step where the answer switches, and names the missing skill.
    run_queued_job(db, put_diagnose(db, "digits"), models)
    row = project_status(db, "digits")["rounds"][0]
    assert row["wrong"] * 0.8 < row["diagnosed"] <= row["wrong"]
    assert next_step(db, "digits").stage == "review"

    # A person looks at them; here, one who agrees with everything.
    assert accept_all(db, "digits", reviewer="ann") == row["diagnosed"]
    assert next_step(db, "digits").stage == "select"

    # The accepted skills retrieve support samples; every one of them exercises a skill that was asked for.
    selection = make_selection(db, "digits", budget=BUDGET)
    assert len(selection.hits) == BUDGET
    assert all(hit.score > 0 and hit.terms for hit in selection.hits)
    assert next_step(db, "digits").stage == "tune"

    # Tuning on them opens round 1, whose student answers the same samples.
    run_queued_job(db, put_tune(db, "digits"), models)
    run_queued_job(db, put_predict(db, "digits"), models)
    assert next_step(db, "digits").stage == "compare"

    # It is better on the set that nothing was diagnosed or selected from.
    found = compare_rounds(db, "digits", 0, 1)
    assert found.role == "test"
    assert len(found.fixed) > len(found.broken)
    assert found.difference.low > 0, f"{found.before.value:.3f} before, {found.after.value:.3f} after"
