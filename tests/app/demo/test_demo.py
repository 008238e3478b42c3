"""The embedded demo: one command creates it, and the same command again changes nothing."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.demo import __main__, project
from app.demo.gold_measures import measure_against_gold
from app.imports.pipeline import import_file
from app.projects.configuration import create_project
from app.projects.status import next_step, project_status
from assets import demo as files
from assets.demo import settings
from assets.demo.gold import load_phrases, load_truth
from core.errors import UserError
from core.types import Switch
from storage import store
from storage.database import Database, open_database
from tests.storage.world import a_diagnosis, a_prediction


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo, completed by a call after an earlier one that stopped after its first import."""
    db = open_database(tmp_path_factory.mktemp("demo"))
    begin_demo(db)
    report = project.init_demo(db)
    assert report["created"]
    assert {name: each["accepted"] for name, each in report["imported"].items()} == {"test": 2000, "support": 20000}
    yield db
    db.close()


def begin_demo(db: Database) -> None:
    create_project(
        db, "demo", student="assets/demo/student", teacher="assets/demo/teacher", settings=settings.demo_settings()
    )
    import_file(db, "validation", files.VALIDATION, "demo", test_share=0)


def test_init_demo_brings_the_whole_project(made: Database) -> None:
    row = project_status(made, "demo")["rounds"][0]
    assert (row["samples"], row["test_samples"]) == (1000, 2000)
    with made.read() as connection:
        sets = store.support_sets(connection)
    assert [(each.name, each.samples, each.labelled) for each in sets] == [(files.SUPPORT_NAME, 20000, 20000)]
    assert next_step(made, "demo").stage == "predict"


def test_a_second_call_changes_nothing_and_is_quick(made: Database) -> None:
    before = project_status(made, "demo")
    started = time.monotonic()
    assert project.init_demo(made) == {"project": "demo", "created": False, "imported": {}}
    assert time.monotonic() - started < 2
    assert project_status(made, "demo") == before


def test_the_demo_is_measured_against_what_is_true(db: Database) -> None:
    begin_demo(db)
    known = load_truth(files.TRUTH / "validation.jsonl")
    with db.write() as connection:
        samples = list(store.samples_of(connection, project=1, role="validation"))[:4]
        for position, sample in enumerate(samples):
            true = known[sample.source_id]
            said = replace(a_prediction(1, sample.id), steps=(*true.steps[:-1], "Something else is 99."), answer="99")
            step = len(true.steps) if position < 3 else 1
            switch = Switch(status="switched", mistake_step=step, confidence=1.0)
            store.save_predictions(connection, [said])
            found = a_diagnosis(1, sample.id, skill=_phrase(true.skills[-1]))
            store.save_diagnoses(connection, [replace(found, switch=switch)])
    measured = measure_against_gold(db, "demo")
    assert measured["identification"]["answer_switch"] == 0.75
    assert measured["identification"]["last"] == 1.0
    assert measured["identification"]["first"] == 0.0
    assert measured["skills"] == {"gold_share": 1.0, "errors": 4, "without_gold": 0}


def test_make_demo_empties_only_its_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    __main__._make_empty(own)
    (own / "old-result").touch()
    __main__._make_empty(own)
    assert not (own / "old-result").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(UserError, match="holds something else"):
        __main__._make_empty(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def _phrase(skill: str) -> str:
    return next(phrase for phrase, named in load_phrases(files.TRUTH / "skills.json").items() if named == skill)
