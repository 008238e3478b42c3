"""Real data through the whole loop: PaLM 2's rationales (BIG-Bench Mistake) and Vision-Flan's samples.

The demo's small models know nothing of these domains: the tests check that every stage works, not how well.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.comparisons.paired import compare_rounds
from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose, put_label, put_predict, put_tune
from app.projects.configuration import create_project
from app.projects.status import next_step, project_status
from app.reviews.verdicts import accept_all, add_review
from app.selections.draw import make_selection
from app.settings import AppSettings
from app.worker.loop import run_queued_job
from assets.demo.settings import demo_settings
from core.importers import read_samples
from core.types import Settings
from storage import store
from storage.database import Database, open_database

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
RATIONALES = SHARED / "bigbench-mistake" / "logical_deduction.jsonl"
FLAN = SHARED / "vision-flan-sample"

pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with the real samples is not here"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with closing(open_database(tmp_path_factory.mktemp("real"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def engine() -> LocalEngine:
    return LocalEngine(AppSettings().device)


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The demo's settings with a short tuning run."""
    stored = demo_settings()
    return replace(stored, support="vision-flan", max_new_tokens=24, tuning=replace(stored.tuning, epochs=1.0))


def new_project(db: Database, name: str, settings: Settings) -> str:
    create_project(db, name, student="assets/demo/student", teacher="assets/demo/teacher", settings=settings)
    return name


def row(db: Database, project: str) -> dict[str, Any]:
    return project_status(db, project)["rounds"][-1]  # type: ignore[no-any-return]


def review_some(db: Database, project: str) -> None:
    """Three verdicts by hand and the rest accepted."""
    with db.read() as connection:
        found = store.project_named(connection, project)
        base = store.rounds_of(connection, found.id)[0].id
        cases = [each for each in store.diagnoses_of(connection, base) if each.switch.mistake_step]
    add_review(
        db, project, cases[0].sample, "edited", reviewer="ann", mistake_step=1, skill="object recognition in images"
    )
    add_review(db, project, cases[1].sample, "accepted", reviewer="ann", skill="reading the question carefully")
    add_review(db, project, cases[2].sample, "rejected", reviewer="ann")
    accept_all(db, project, reviewer="bob")


def tune_and_compare(db: Database, project: str, engine: LocalEngine) -> None:
    made = make_selection(db, project, budget=16, allow_fewer=True)
    run_queued_job(db, put_tune(db, project, selection=made.id), engine)
    run_queued_job(db, put_predict(db, project, roles=("validation",)), engine)
    found = compare_rounds(db, project, 0, 1, role="validation")
    measured = len(found.fixed) + len(found.broken) + len(found.still_wrong) + len(found.still_right)
    assert measured == row(db, project)["predictions"]
    assert found.before.low <= found.before.value <= found.before.high


def test_vision_flan_is_a_support_set_that_the_teacher_labels(
    db: Database, engine: LocalEngine, settings: Settings
) -> None:
    report = import_file(db, "support", FLAN / "annotation.json", images=FLAN, name="vision-flan")
    assert (report["found"], report["accepted"], report["refused"]) == (102, 102, [])
    new_project(db, "labels", settings)
    run_queued_job(db, put_label(db, "vision-flan", project="labels"), engine)
    with db.read() as connection:
        # One prompt is too long for the demo's teacher, so that its sample stays without a label.
        assert [(each.samples, each.labelled) for each in store.support_sets(connection)] == [(102, 101)]


def test_palm_2s_rationales_go_through_the_loop(db: Database, engine: LocalEngine, settings: Settings) -> None:
    project = new_project(db, "palm", settings)
    report = import_file(db, "predictions", RATIONALES, project)
    assert (report["found"], report["accepted"], report["refused"]) == (300, 300, [])
    assert report["format"]
    with db.read() as connection:
        base = store.rounds_of(connection, store.project_named(connection, project).id)[0].id
        gold = store.gold_steps_of(connection, base)
    written = [json.loads(line)["mistake_index"] for line in RATIONALES.read_text().splitlines()]
    assert sorted(step for step in gold.values() if step) == sorted(index + 1 for index in written if index is not None)
    run_queued_job(db, put_diagnose(db, project), engine)
    assert row(db, project)["diagnosed"] > 0
    assert next_step(db, project).stage == "review", "rationales that the teacher cannot read stop nobody"
    review_some(db, project)
    tune_and_compare(db, project, engine)


def test_vision_flans_questions_with_options_go_through_the_loop(
    db: Database, engine: LocalEngine, settings: Settings, tmp_path: Path
) -> None:
    read = read_samples(FLAN / "annotation.json", role="validation", images=FLAN)
    wanted = {sample.source_id for sample in read.samples if sample.options}
    assert len(wanted) >= 10
    rows = [each for each in json.loads((FLAN / "annotation.json").read_text()) if each["id"] in wanted]
    (tmp_path / "with-options.json").write_text(json.dumps(rows))
    project = new_project(db, "photos", settings)
    report = import_file(db, "validation", tmp_path / "with-options.json", project, images=FLAN, test_share=0)
    assert (report["accepted"], report["refused"]) == (len(wanted), [])
    run_queued_job(db, put_predict(db, project), engine)
    assert row(db, project)["predictions"] == len(wanted)
    run_queued_job(db, put_diagnose(db, project), engine)
    assert row(db, project)["diagnosed"] >= 3
    review_some(db, project)
    tune_and_compare(db, project, engine)
