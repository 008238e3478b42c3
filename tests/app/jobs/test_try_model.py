"""Trying a project's models on one sample: kept apart from what is measured, the same sample for both."""

import pytest

from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import put_try
from app.projects.configuration import DEMO_TEACHER, create_project, set_models, settings_for
from app.worker.loop import run_queued_job
from core.errors import UserError
from core.types import Settings
from storage import store
from storage.database import Database
from storage.store import ModelTry
from tests.projects.tiny_project import TinyFiles


def tried(db: Database, name: str, who: str, **more: bool) -> dict[str, ModelTry]:
    run_queued_job(db, put_try(db, name, who, **more), LocalEngine("cpu"))  # type: ignore[arg-type]
    with db.read() as connection:
        return store.model_tries_of(connection, 1)


def test_a_student_is_shown_a_sample_and_nothing_is_measured(db: Database, tiny: str, files: TinyFiles) -> None:
    found = tried(db, tiny, "student")["student"]
    assert found.model == str(files.student)
    assert "What is the sum of" in found.result["prompt"]
    assert isinstance(found.result["reply"], str)
    assert found.result["seconds"] > 0
    with db.read() as connection:
        assert store.correct_predictions(connection, 1, "validation") == {}


def test_a_teacher_is_tried_on_what_the_student_says_of_the_same_sample(db: Database, tiny: str) -> None:
    found = tried(db, tiny, "teacher")
    assert found["student"].sample == found["teacher"].sample
    result = found["teacher"].result
    assert result["prompt"].startswith("Question:") or "Question" in result["prompt"]
    assert (result["curve"] is None) == bool(result["why"])


def test_a_teacher_reads_the_rationale_that_the_round_has(db: Database, tiny: str, files: TinyFiles) -> None:
    import_file(db, "predictions", files["predictions"], tiny)
    found = tried(db, tiny, "teacher")
    assert "student" not in found
    right = found["teacher"].result  # the first of the three answers is right: there is no switch to find
    assert right["right"]
    assert [round(sum(row), 6) for row in right["curve"]["probabilities"]] == [1.0] * 4
    wrong = tried(db, tiny, "teacher", another=True)["teacher"].result
    assert not wrong["right"]
    assert wrong["status"] in ("switched", "no_switch", "prior_ignored")
    with db.read() as connection:
        assert store.diagnoses_of(connection, 1) == []


def test_another_goes_on_to_the_next_sample_and_the_plain_try_stays(db: Database, tiny: str) -> None:
    first = tried(db, tiny, "student")["student"].sample
    assert tried(db, tiny, "student")["student"].sample == first
    assert tried(db, tiny, "student", another=True)["student"].sample == first + 1


def test_a_model_that_is_not_there_fails_with_its_sentence(db: Database, tiny: str, files: TinyFiles) -> None:
    set_models(db, tiny, student=str(files.folder), teacher=str(files.teacher))
    with pytest.raises(UserError, match="holds no model"):
        tried(db, tiny, "student")


def test_there_is_nothing_to_try_on_before_the_first_sample(db: Database) -> None:
    create_project(db, "p", student="s", teacher="t")
    with pytest.raises(UserError, match="bring in a validation set"):
        put_try(db, "p", "student")


def test_models_change_until_something_is_measured(db: Database, tiny: str, files: TinyFiles) -> None:
    kept = set_models(db, tiny, student=" openai:gpt-4o-mini ", teacher="meta-llama/Llama-3.1-8B-Instruct")
    assert (kept.student, kept.teacher) == ("openai:gpt-4o-mini", "meta-llama/Llama-3.1-8B-Instruct")
    for wrong in ("", "m@http://user:key@host/v1", "http://host/v1"):
        with pytest.raises(UserError):
            set_models(db, tiny, student=wrong, teacher="t")
    import_file(db, "predictions", files["predictions"], tiny)
    with pytest.raises(UserError, match="make a new project"):
        set_models(db, tiny, student="s", teacher="t")


def test_settings_follow_the_teacher_as_long_as_nobody_changed_them(db: Database) -> None:
    create_project(db, "p", student="s", teacher=DEMO_TEACHER, settings=settings_for(DEMO_TEACHER))
    assert set_models(db, "p", student="s", teacher="other").settings == Settings()
    assert set_models(db, "p", student="s", teacher=DEMO_TEACHER).settings == settings_for(DEMO_TEACHER)
