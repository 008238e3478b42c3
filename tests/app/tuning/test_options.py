"""Settings of a run: one table for the form, the command line and the command that repeats a run."""

import math
import shlex
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest

from app.jobs.queue import put_measure, put_tune
from app.projects.configuration import create_project
from app.selections.draw import make_selection
from app.tuning.options import FIELDS, PRESETS, STARTS, preset, preset_in, read_settings, tune_command, with_preset
from app.tuning.runs import checkpoints_of, resume_run
from core.errors import UserError
from core.types import TuningSettings
from storage import jobs, store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.jobs.test_predict_diagnose_label import go


def test_every_setting_of_a_run_can_be_set() -> None:
    assert {each.name for each in FIELDS} | {"start"} == {each.name for each in fields(TuningSettings)}


def test_llavas_recipe_is_the_one_of_its_makers() -> None:
    llava = preset("llava")
    assert (llava.rank, llava.alpha, llava.learning_rate, llava.projector_rate) == (128, 256, 2e-4, 2e-5)
    assert (llava.epochs, llava.warmup, llava.batch_size * llava.accumulation) == (1, 0.03, 128)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_recognised_whatever_the_seed_and_the_start(name: str) -> None:
    own = TuningSettings(seed=7, start="base", checkpoint_every=3, keep_checkpoints=9)
    filled = with_preset(own, name)
    assert preset_in(filled) == name
    assert (filled.seed, filled.start, filled.checkpoint_every, filled.keep_checkpoints) == (7, "base", 3, 9)
    assert preset_in(replace(filled, rank=filled.rank + 1)) is None
    assert read_settings(TuningSettings(), asdict(filled)) == filled


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(UserError, match="no preset 'x': choose one of llava, small, demo"):
        preset("x")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
@pytest.mark.parametrize("value", [None, "x", -1, math.nan, math.inf, 10**30, [1], {}, True])
def test_a_value_that_does_not_hold_is_refused_by_its_name(field: Any, value: Any) -> None:
    with pytest.raises(UserError, match=rf"^{field.label} must be a number from"):
        read_settings(TuningSettings(), {field.name: value})


def test_a_part_of_a_whole_number_is_refused() -> None:
    with pytest.raises(UserError, match="LoRA rank must be a whole number"):
        read_settings(TuningSettings(), {"rank": 8.5})
    with pytest.raises(UserError, match="choose one of the two"):
        read_settings(TuningSettings(), {"start": ["base"]})


def test_the_command_does_the_same_without_the_page(db: Database, tiny: str) -> None:
    chosen = make_selection(db, tiny, budget=4, arm="random").id
    wanted = TuningSettings(
        rank=3, alpha=7, dropout=0.1, learning_rate=1 / 3000, projector_rate=2e-5, seed=5, epochs=1.5, start="base"
    )
    words = shlex.split(tune_command(tiny, db.data, chosen, wanted, verb="measure"))
    assert words[:4] == ["switchpoint", "--data", str(db.data.resolve()), "measure"]
    job = put_measure(db, tiny, selection=chosen, settings=wanted)
    go(db, job)
    with db.read() as connection:
        by_page = store.tuning_estimate_of(connection, chosen)
    assert by_page is not None
    options = dict(zip(words[5::2], words[6::2], strict=True))
    assert set(options) == {"--selection", "--start", *(each.option for each in FIELDS)}
    typed: dict[str, Any] = {each.name: (int if each.whole else float)(options[each.option]) for each in FIELDS}
    assert read_settings(TuningSettings(), typed | {"start": options["--start"]}) == replace(
        wanted, learning_rate=float(f"{wanted.learning_rate:.12g}")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tune", "tiny", "--rank", "0"], "LoRA rank must be a number from 1 to 1024"),
        (["tune", "tiny", "--start", "x"], "choose one of the two"),
        (["tune", "tiny", "--preset", "x"], "no preset 'x'"),
        (["tune", "tiny", "--run", "1", "--rank", "3"], "leave out the settings"),
        (["tune", "tiny", "--run", "9"], "no tuning run 9"),
        (["measure", "tiny"], "no selection"),
        (["measure", "nowhere"], "no project 'nowhere'"),
    ],
)
def test_the_command_line_refuses_in_one_sentence(
    tiny: str, command_line: CommandLine, words: list[str], said: str
) -> None:
    assert said in command_line.refused(*words)


def cancelled_run(db: Database, project: str, updates: int) -> tuple[int, Any]:
    """A run that was cancelled after ``updates`` updates: its id and its job."""
    make_selection(db, project, budget=20, arm="random")
    job = put_tune(db, project)
    go(db, job, batches=updates)
    with db.write() as connection:
        jobs.request_cancel(connection, job.id)
    return job.args["run"], job


def test_a_run_goes_on_from_the_checkpoint_that_a_person_chooses(db: Database, tiny: str) -> None:
    run, _ = cancelled_run(db, tiny, 5)
    with db.read() as connection:
        known = checkpoints_of(db, store.run_of(connection, run))
        whole = store.updates_of(connection, run)
    assert [each.updates for each in known] == [6, 4]
    assert all(each.bytes > 1000 for each in known)
    job = resume_run(db, tiny, run, checkpoint=4)
    with db.read() as connection:
        assert [each.number for each in store.updates_of(connection, run)] == [1, 2, 3, 4]
        assert [each.updates for each in checkpoints_of(db, store.run_of(connection, run))] == [4]
    go(db, job)
    with db.read() as connection:
        updates = store.updates_of(connection, run)
        assert checkpoints_of(db, store.run_of(connection, run)) == []
    assert [each.number for each in updates] == list(range(1, 11))
    assert [each.loss for each in updates[: len(whole)]] == [each.loss for each in whole]
    with pytest.raises(UserError, match="is finished"):
        resume_run(db, tiny, run)


def test_a_run_can_be_begun_afresh(db: Database, tiny: str) -> None:
    run, _ = cancelled_run(db, tiny, 3)
    job = resume_run(db, tiny, run, checkpoint=0)
    with db.read() as connection:
        assert store.updates_of(connection, run) == []
        assert checkpoints_of(db, store.run_of(connection, run)) == []
    with pytest.raises(UserError, match="waits or runs already: cancel job"):
        resume_run(db, tiny, run)
    go(db, job)


def test_a_checkpoint_or_run_that_is_not_there_is_named(db: Database, tiny: str) -> None:
    run, _ = cancelled_run(db, tiny, 3)
    with pytest.raises(UserError, match=r"no checkpoint after 99 updates \(there are"):
        resume_run(db, tiny, run, checkpoint=99)
    create_project(db, "another", student="s", teacher="t")
    with pytest.raises(UserError, match=f"'another' has no tuning run {run}"):
        resume_run(db, "another", run)


def test_both_starts_have_names() -> None:
    assert set(STARTS) == {"adapter", "base"}


def test_the_data_directory_is_part_of_the_command(tmp_path: Path) -> None:
    words = shlex.split(tune_command("a project", tmp_path / "my data", 3, TuningSettings()))
    assert words[2] == str(tmp_path / "my data")
    assert words[4] == "a project"
