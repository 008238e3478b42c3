"""Comparisons are paired, exact, seeded, and checked against scipy and by resampling the slow way."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.comparison import accuracy_interval, compare, difference_interval, mcnemar
from core.errors import UserError

VERDICTS = st.dictionaries(st.integers(1, 40), st.booleans(), min_size=1)


def test_samples_are_sorted_into_what_became_of_them() -> None:
    before = {1: False, 2: True, 3: False, 4: True, 5: True}
    after = {1: True, 2: False, 3: False, 4: True, 6: True}
    got = compare("test", before, after, {1: "sums", 2: "sums", 3: "maps"}, {1: "adding", 4: ""}, seed=0)
    assert (got.fixed, got.broken, got.still_wrong, got.still_right) == ((1,), (2,), (3,), (4,))
    assert got.role == "test"
    assert got.before.value == got.after.value == 0.5
    assert got.difference.value == 0
    assert got.p_value == 1
    assert got.by_category == {"maps": (1, 0, 0), "sums": (2, 1, 1)}
    assert got.by_skill == {"adding": (1, 0, 1)}


@given(VERDICTS, VERDICTS, st.integers(0, 5))
def test_every_shared_sample_is_counted_once(before: dict[int, bool], after: dict[int, bool], seed: int) -> None:
    shared = before.keys() & after.keys()
    if not shared:
        with pytest.raises(UserError, match="predict the validation set"):
            compare("validation", before, after, {}, {}, seed=seed)
        return
    got = compare("validation", before, after, dict.fromkeys(before, "all"), {}, seed=seed)
    assert sorted((*got.fixed, *got.broken, *got.still_wrong, *got.still_right)) == sorted(shared)
    assert got.difference.value == pytest.approx(got.after.value - got.before.value)
    assert got.by_category["all"] == (
        len(shared),
        sum(before[sample] for sample in shared),
        sum(after[sample] for sample in shared),
    )
    for interval in (got.before, got.after, got.difference):
        assert interval.low <= interval.value <= interval.high


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(fixed: int, broken: int) -> None:
    expected = binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
    assert mcnemar(fixed, broken) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(fixed, broken) == mcnemar(broken, fixed)


@given(st.integers(1, 3000), st.floats(0, 1))
def test_the_accuracy_interval_is_wilsons(n: int, share: float) -> None:
    right = round(share * n)
    got = accuracy_interval([True] * right + [False] * (n - right))
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert got.value == right / n
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= got.low <= got.value <= got.high <= 1


def test_no_answers_have_no_accuracy() -> None:
    with pytest.raises(UserError, match="predict"):
        accuracy_interval([])


def test_the_difference_interval_is_the_paired_bootstraps() -> None:
    changes = np.repeat([1, -1, 0], [120, 40, 340])
    resampled = np.random.default_rng(1).choice(changes, (20_000, 500)).mean(axis=1)
    low, high = np.percentile(resampled, (2.5, 97.5))
    got = difference_interval([1] * 120 + [-1] * 40 + [0] * 340, seed=0)
    assert got.value == pytest.approx(0.16)
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.005)


def test_one_seed_gives_one_interval() -> None:
    changes = [1] * 30 + [-1] * 20 + [0] * 150
    one, same, other = (difference_interval(changes, seed=seed) for seed in (0, 0, 1))
    assert one == same != other


def test_a_difference_that_never_varies_has_no_width() -> None:
    got = difference_interval([1, 1, 1, 1], seed=0)
    assert got.low == got.high == 1


@given(VERDICTS, VERDICTS)
def test_scores_of_1_and_0_compare_as_the_verdicts_do(before: dict[int, bool], after: dict[int, bool]) -> None:
    assume(before.keys() & after.keys())
    scores = tuple({key: float(right) for key, right in each.items()} for each in (before, after))
    groups = dict.fromkeys(before, "all")
    plain = compare("test", before, after, groups, groups, seed=3)
    assert compare("test", before, after, groups, groups, seed=3, scores=scores) == plain


def test_accuracy_is_of_the_scores_and_mcnemar_of_the_verdicts() -> None:
    before, after = {1: False, 2: True, 3: True}, {1: True, 2: True, 3: False}
    scores = {1: 0.3, 2: 1.0, 3: 0.6}, {1: 0.9, 2: 1.0, 3: 0.0}
    got = compare("test", before, after, {1: "colours", 3: "colours"}, {}, seed=0, scores=scores)
    assert (got.fixed, got.broken, got.still_right, got.p_value) == ((1,), (3,), (2,), 1)
    assert (got.before.value, got.after.value) == pytest.approx((1.9 / 3, 1.9 / 3))
    assert got.difference.value == pytest.approx(0)
    assert got.difference.low < 0 < got.difference.high
    assert got.by_category == {"colours": (2, pytest.approx(0.9), pytest.approx(0.9))}


def test_changes_between_0_and_1_are_resampled_as_they_are() -> None:
    changes = np.repeat([1, 0.3, -0.6, 0], [50, 100, 50, 300])
    resampled = np.random.default_rng(1).choice(changes, (20_000, 500)).mean(axis=1)
    low, high = np.percentile(resampled, (2.5, 97.5))
    got = difference_interval(changes.tolist(), seed=0)
    assert got.value == pytest.approx(changes.mean())
    assert (got.low, got.high) == pytest.approx((low, high), abs=0.005)
