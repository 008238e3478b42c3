"""Jobs read what is left to do from the rows, so running one again does nothing twice."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.comparisons.paired import compare_rounds
from app.engines.local_engine import LocalEngine
from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose, put_label, put_measure, put_predict, put_tune
from app.model_inputs import adapter_path
from app.progress import Stopped
from app.projects.status import project_status
from app.selections.draw import make_selection
from app.worker.registry import run_job
from core.errors import UserError
from core.types import StudentSettings, TuningSettings
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from tests.core.tuning.test_update import too_small_for
from tests.models.tiny_students import save_qwen
from tests.projects.tiny_project import SETTINGS, TinyFiles, fill_project


def go(db: Database, job: Job, *, batches: int | None = None) -> int:
    """Run a job, saving as the worker does, and stop after so many batches; returns how many were saved."""
    saved = 0

    def stop() -> bool:
        return batches is not None and saved >= batches

    try:
        for advance in run_job(db, job, LocalEngine("cpu"), stop):
            with db.write() as connection:
                advance.save(connection)
            saved += 1
    except Stopped:
        assert batches is not None
    return saved


def counts(db: Database, project: str) -> dict[str, int]:
    return project_status(db, project)["rounds"][-1]  # type: ignore[no-any-return]


def test_predicting_goes_on_where_it_stopped(db: Database, tiny: str) -> None:
    job = put_predict(db, tiny)
    assert go(db, job, batches=4) == 4
    assert counts(db, tiny)["predictions"] + counts(db, tiny)["test_predictions"] == 8
    assert go(db, job) == 8
    assert counts(db, tiny)["predictions"] + counts(db, tiny)["test_predictions"] == 24
    with db.read() as connection:
        before = store.predictions_of(connection, 1, "validation")
    (only,) = run_job(db, job, LocalEngine("no such device"), lambda: False)
    assert (only.done, only.total) == (24, 24), "a finished job finds nothing to do and loads no model"
    with db.read() as connection:
        assert store.predictions_of(connection, 1, "validation") == before


def test_the_job_says_that_memory_was_too_small_for_its_batches(db: Database, tiny: str) -> None:
    job = put_predict(db, tiny, roles=("test",))
    engine = LocalEngine("cpu")
    with db.read() as connection:
        found = store.project_named(connection, tiny)
    student = engine.student(found.student, None, found.settings.student)

    def full(_: object, __: object, inputs: dict[str, torch.Tensor]) -> None:
        if len(inputs["input_ids"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    student.model.register_forward_pre_hook(full, with_kwargs=True)
    messages = [advance.message for advance in run_job(db, job, engine, lambda: False)]
    assert messages == ["batches of 1 instead of 2: the GPU's memory was too small"] * 12


def test_how_a_student_is_loaded_is_a_setting_of_the_project(db: Database, files: TinyFiles) -> None:
    bare = replace(SETTINGS, student=StudentSettings(dtype="bf16", longest_side=8))
    name = fill_project(db, files, "bare", settings=bare)
    engine = LocalEngine("cpu")
    list(run_job(db, put_predict(db, name, roles=("test",)), engine, lambda: False))
    student = engine.student(str(files.student), None, bare.student)
    assert (student.model.dtype, student.longest_side) == (torch.bfloat16, 8)
    assert engine.student(str(files.student), None, SETTINGS.student) is not student


def test_a_small_student_works_with_one_thread(db: Database, tiny: str) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        list(run_job(db, put_predict(db, tiny, roles=("test",)), LocalEngine("cpu"), lambda: False))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_diagnosing_goes_on_where_it_stopped(db: Database, tiny: str, files: TinyFiles) -> None:
    import_file(db, "predictions", files["predictions"], tiny)
    job = put_diagnose(db, tiny)
    assert go(db, job, batches=1) == 1
    first = counts(db, tiny)["diagnosed"]
    assert first > 0
    go(db, job)
    assert counts(db, tiny)["diagnosed"] == 8
    (only,) = run_job(db, job, LocalEngine("no such device"), lambda: False)
    assert (only.done, only.total) == (8, 8)


def test_labelling_names_the_skills_of_what_has_none(db: Database, tiny: str, files: TinyFiles, tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text(files["support"].read_text().replace('"skill_label"', '"note"'))
    import_file(db, "support", bare, images=files.images, name="bare")
    job = put_label(db, "bare")
    *_, last = run_job(db, job, LocalEngine("cpu"), lambda: False)
    go(db, job)
    with db.read() as connection:
        sets = {each.name: each for each in store.support_sets(connection)}
    left = sets["bare"].samples - sets["bare"].labelled
    assert sets["bare"].samples == 30
    assert (f"{left} got no label" in last.message) == bool(left), "a random teacher names noise or nothing"


def test_tuning_opens_one_round_however_often_it_is_run(db: Database, tiny: str) -> None:
    make_selection(db, tiny, budget=12, arm="random")
    job = put_tune(db, tiny)
    assert go(db, job, batches=3) >= 3
    assert counts(db, tiny)["round"] == 0, "an unfinished run opens nothing"
    go(db, job)
    assert counts(db, tiny)["round"] == 1
    go(db, job)
    assert counts(db, tiny)["round"] == 1
    with db.read() as connection:
        updates = store.updates_of(connection, job.args["run"])
        opened = store.rounds_of(connection, 1)[1]
    assert [update.number for update in updates] == [1, 2, 3, 4, 5, 6]
    folder = adapter_path(db, opened.adapter)
    assert folder is not None
    assert (folder / "adapter_model.safetensors").exists()


def test_a_measure_says_what_a_run_would_take_and_leaves_nothing_else(db: Database, tiny: str) -> None:
    chosen = make_selection(db, tiny, budget=12, arm="random")
    job = put_measure(db, tiny)
    assert put_measure(db, tiny).id == job.id
    assert go(db, job) == 6
    with db.read() as connection:
        found = store.tuning_estimate_of(connection, chosen.id)
        assert store.runs_of(connection, 1) == []
    assert found is not None
    assert found.settings == SETTINGS.tuning
    assert (found.estimate.updates, found.estimate.samples, found.estimate.measured) == (6, 12, 5)
    assert counts(db, tiny)["round"] == 0


def test_the_job_says_that_memory_was_too_small_to_tune_with_its_batches(
    db: Database, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_small_for(1, monkeypatch)
    make_selection(db, tiny, budget=4, arm="random")
    job = put_tune(db, tiny)
    messages = [advance.message for advance in run_job(db, job, LocalEngine("cpu"), lambda: False)]
    assert len(messages) == 3
    assert all("batches of 1 instead of 2: the memory was too small" in each for each in messages[:2])


def test_a_run_from_an_adapter_can_restart_from_the_base(db: Database, tiny: str) -> None:
    make_selection(db, tiny, budget=6, arm="random")
    go(db, put_tune(db, tiny))
    go(db, put_predict(db, tiny))
    make_selection(db, tiny, budget=6, arm="random")
    losses = {}
    for start in ("adapter", "base"):
        with db.write() as connection:
            project = store.project_named(connection, tiny)
            tuning = replace(project.settings.tuning, start=start)
            store.save_settings(connection, project.id, replace(project.settings, tuning=tuning))
        job = put_tune(db, tiny)
        go(db, job)
        with db.read() as connection:
            losses[start] = store.updates_of(connection, job.args["run"])[0].loss
    assert losses["adapter"] < losses["base"]


def test_the_next_round_answers_with_its_adapter(db: Database, files: TinyFiles) -> None:
    keen = replace(SETTINGS, tuning=TuningSettings(rank=8, alpha=16, learning_rate=0.05, batch_size=2, accumulation=1))
    name = fill_project(db, files, "keen", settings=keen)
    go(db, put_predict(db, name, roles=("test",)))
    make_selection(db, name, budget=20, arm="random")
    go(db, put_tune(db, name))
    go(db, put_predict(db, name, roles=("test",)))
    with db.read() as connection:
        texts = [
            [each.text for each in store.predictions_of(connection, each_round.id, "test")]
            for each_round in store.rounds_of(connection, 1)
        ]
    assert texts[0] != texts[1]


def test_a_qwen_student_goes_the_same_way(db: Database, files: TinyFiles, tmp_path: Path) -> None:
    qwen = replace(files, student=save_qwen(tmp_path / "qwen"))
    name = fill_project(db, qwen, "qwen")
    go(db, put_predict(db, name, roles=("test",)))
    make_selection(db, name, budget=4, arm="random")
    go(db, put_tune(db, name))
    go(db, put_predict(db, name, roles=("test",)))
    assert counts(db, name)["test_predictions"] == 12
    assert compare_rounds(db, name, 0, 1).role == "test"


def test_a_run_that_is_not_there_is_named(db: Database, tiny: str) -> None:
    with db.write() as connection:
        job = jobs.put(connection, "tune", 1, {"run": 99})
    with pytest.raises(UserError, match="no tuning run 99"):
        go(db, job)
