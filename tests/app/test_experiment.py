"""The arms of the experiment and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.experiment import crossed_interval, run_experiment
from app.models import Models
from app.worker import work_off
from storage import store
from storage.database import Database
from tests.tiny_project import SKILLS, TinyFiles
from tests.verdicts import diagnose_by_hand


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4))
def test_an_interval_holds_its_mean(rows: list[list[bool]]) -> None:
    found = crossed_interval(np.array(rows, float))
    assert found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9


def test_with_one_seed_the_interval_is_that_of_the_samples_alone() -> None:
    rng = np.random.default_rng(0)
    row = (rng.random((1, 2000)) < 0.6).astype(float)
    found = crossed_interval(row)
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.24 / 2000) ** 0.5, rel=0.1)


def test_seeds_that_disagree_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    alike = (rng.random((5, 500)) < 0.6).astype(float)
    apart = (rng.random((5, 500)) < np.array([[0.3], [0.45], [0.6], [0.75], [0.9]])).astype(float)
    narrow, wide = crossed_interval(alike), crossed_interval(apart)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_an_experiment_measures_every_arm_and_is_not_done_twice(db: Database, tiny: str, files: TinyFiles) -> None:
    diagnose_by_hand(db, tiny, files)
    models = Models("cpu")
    done: list[int] = []

    def finish(job: object) -> None:
        done.append(work_off(db, job, models).done)  # type: ignore[arg-type]

    result = run_experiment(db, tiny, budget=6, seeds=range(2), finish=finish, reviewer="bob")
    assert {arm: row["seeds"] for arm, row in result["accuracy"].items()} == {"before": 1, "targeted": 2, "random": 2}
    assert result["samples"] == 12
    assert result["rounds"]["targeted"] + result["rounds"]["random"] == [1, 3, 2, 4]
    with db.read() as connection:
        assert {each.skill for each in store.accepted_skills(connection, 1)} == {SKILLS[0], SKILLS[1]}
    again = run_experiment(db, tiny, budget=6, seeds=range(2), finish=finish, reviewer="bob")
    assert again == result, "what was tuned before is found and used again"
