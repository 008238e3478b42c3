"""An experiment's plan, and intervals and tests over seeds and samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.evaluation.experiment import (
    ARMS,
    arm_outcome,
    crossed_interval,
    paired_difference,
    permutation_p_value,
    plan_trials,
)
from core.types import BUDGETED_ARMS

ROWS = st.integers(1, 9).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=4)
)


def test_a_plan_has_every_sized_arm_at_every_budget_and_the_others_once_a_seed() -> None:
    found = plan_trials(ARMS, [20, 10, 20], seeds=3)
    assert len(found) == len({*found}) == 1 + 3 * (len(BUDGETED_ARMS) * 2 + 2)
    assert found[0] == ("untuned", 0, 0)
    assert found.count(("full", 0, 2)) == 1
    assert {budget for arm, budget, _ in found if arm in BUDGETED_ARMS} == {10, 20}


def test_a_smaller_plan_is_the_beginning_of_the_one_with_more_seeds() -> None:
    smaller = plan_trials(ARMS, [10, 20], seeds=2)
    assert plan_trials(ARMS, [10, 20], seeds=4)[: len(smaller)] == smaller


@pytest.mark.parametrize(
    ("arms", "budgets", "seeds", "refusal"),
    [
        (["ours"], [1], 1, "no arm 'ours': choose among untuned, random"),
        ([], [1], 1, "no arm"),
        (["targeted"], [1], 0, "at least 1 seed"),
        (["targeted"], [], 1, "budgets of at least 1"),
        (["targeted"], [5, 0], 1, "budgets of at least 1"),
    ],
)
def test_a_plan_that_makes_no_trial_is_refused(arms: list[str], budgets: list[int], seeds: int, refusal: str) -> None:
    with pytest.raises(UserError, match=refusal):
        plan_trials(arms, budgets, seeds)  # type: ignore[arg-type]


def test_arms_with_a_size_of_their_own_need_no_budget() -> None:
    assert plan_trials(["untuned", "full"], [], 2) == [("untuned", 0, 0), ("full", 0, 0), ("full", 0, 1)]


@given(ROWS)
def test_an_interval_holds_its_mean(rows: list[list[bool]]) -> None:
    found = crossed_interval(np.array(rows, float))
    assert found.low <= found.value <= found.high


def test_with_one_seed_the_interval_is_that_of_the_samples_alone() -> None:
    row = (np.random.default_rng(0).random((1, 2000)) < 0.6).astype(float)
    found = crossed_interval(row)
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.24 / 2000) ** 0.5, rel=0.1)


def test_seeds_that_disagree_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    alike = (rng.random((5, 500)) < 0.6).astype(float)
    apart = (rng.random((5, 500)) < np.array([[0.3], [0.45], [0.6], [0.75], [0.9]])).astype(float)
    narrow, wide = crossed_interval(alike), crossed_interval(apart)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, 0.5]), min_size=1, max_size=9))
def test_the_flipped_p_agrees_with_every_sign_tried(differences: list[float]) -> None:
    changed = [each for each in differences if each]
    sums = [abs(sum(s * d for s, d in zip(signs, changed, strict=True)))
            for signs in itertools.product((-1, 1), repeat=len(changed))]  # fmt: skip
    exact = sum(each >= abs(sum(changed)) - 1e-9 for each in sums) / len(sums)
    assert permutation_p_value(np.array(differences)) == pytest.approx(exact, abs=0.03)


def test_arms_that_score_the_same_do_not_differ_and_others_do() -> None:
    rng = np.random.default_rng(1)
    worse = (rng.random((5, 400)) < 0.5).astype(float)
    better = np.maximum(worse, (rng.random((5, 400)) < 0.4).astype(float))
    same, other = (
        paired_difference("targeted", "random", 10, worse, worse),
        paired_difference("targeted", "random", 10, better, worse),
    )
    assert (same.difference.value, same.p_value) == (0, 1)
    assert other.difference.low > 0.1
    assert other.p_value < 0.001


def test_an_outcome_has_the_accuracy_of_each_seed_and_their_deviation() -> None:
    found = arm_outcome("random", 7, 7, [0, 3], np.array([[1, 0, 0, 1.0], [1, 1, 0, 1]]))
    assert found.accuracies == (0.5, 0.75)
    assert found.seeds == (0, 3)
    assert found.mean.value == 0.625
    assert found.deviation == pytest.approx(0.125 * 2**0.5)
    assert arm_outcome("random", 7, 7, [0], np.array([[1.0, 0]])).deviation == 0
