"""Comparisons are paired, exact and seeded; checked against scipy, integer arithmetic and naive resampling."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.errors import UserError
from core.evaluation.comparison import (
    accuracy_interval,
    compare,
    difference_interval,
    gate,
    holm_correction,
    mcnemar_p_value,
)
from core.types import Comparison

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
    maps, sums = got.by_category
    assert (maps.name, maps.fixed, maps.broken, maps.still_wrong, maps.still_right) == ("maps", 0, 0, 1, 0)
    assert (sums.name, sums.fixed, sums.broken, sums.before, sums.after) == ("sums", 1, 1, 0.5, 0.5)
    assert [(each.name, each.fixed, each.samples) for each in got.by_skill] == [("adding", 1, 1)]


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
    (whole,) = got.by_category
    assert (whole.samples, whole.before, whole.after) == (len(shared), got.before.value, got.after.value)
    assert whole.p_value == whole.corrected == got.p_value
    for interval in (got.before, got.after, got.difference):
        assert interval.low <= interval.value <= interval.high


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(fixed: int, broken: int) -> None:
    expected = binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
    assert mcnemar_p_value(fixed, broken) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_p_value(fixed, broken) == mcnemar_p_value(broken, fixed)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_exact_in_whole_numbers(fixed: int, broken: int) -> None:
    changed = fixed + broken
    as_uneven = sum(comb(changed, k) for k in range(changed + 1) if abs(2 * k - changed) >= abs(fixed - broken))
    assert mcnemar_p_value(fixed, broken) == pytest.approx(float(Fraction(as_uneven, 2**changed)), rel=1e-12)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holms_correction_keeps_the_order_and_is_that_of_the_step_down_procedure(p_values: list[float]) -> None:
    corrected = holm_correction(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    # The definition: from the smallest p on, reject while p × (number left) is below the level.
    level, rejected = 0.05, set()
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if not p_values[index] * (len(p_values) - place) < level:
            break
        rejected.add(index)
    assert {index for index, c in enumerate(corrected) if c < level} == rejected


@given(VERDICTS, VERDICTS, st.dictionaries(st.integers(1, 40), st.sampled_from(["", "sums", "maps", "tables"])))
def test_swapping_the_rounds_swaps_fixed_and_broken(
    before: dict[int, bool], after: dict[int, bool], groups: dict[int, str]
) -> None:
    assume(before.keys() & after.keys())
    there = compare("validation", before, after, groups, groups, seed=0)
    back = compare("validation", after, before, groups, groups, seed=0)
    assert (there.fixed, there.broken) == (back.broken, back.fixed)
    assert (there.still_wrong, there.still_right) == (back.still_wrong, back.still_right)
    assert there.p_value == back.p_value
    assert there.difference.value == -back.difference.value
    for one, other in zip(there.by_category, back.by_category, strict=True):
        assert (one.name, one.fixed, one.broken) == (other.name, other.broken, other.fixed)
        assert (one.before, one.after, one.corrected) == (other.after, other.before, other.corrected)
        assert not (one.significantly_broken and other.significantly_broken)


@given(VERDICTS, VERDICTS, st.dictionaries(st.integers(1, 40), st.sampled_from(["", "sums", "maps", "tables"])))
def test_the_groups_counts_add_up_to_the_whole(
    before: dict[int, bool], after: dict[int, bool], groups: dict[int, str]
) -> None:
    shared = before.keys() & after.keys()
    assume(shared)
    got = compare("test", before, after, groups, {}, seed=0)
    grouped = [sample for sample in shared if groups.get(sample)]
    assert sum(each.samples for each in got.by_category) == len(grouped)
    for outcome in ("fixed", "broken", "still_wrong", "still_right"):
        whole = [sample for sample in getattr(got, outcome) if groups.get(sample)]
        assert sum(getattr(each, outcome) for each in got.by_category) == len(whole)


def changed(**groups: tuple[int, int]) -> Comparison:
    """A comparison whose categories have the given (fixed, broken), and one more sample that stayed right."""
    before, after, categories = {}, {}, {}
    for name, (fixed, broken) in groups.items():
        for was, now in [(False, True)] * fixed + [(True, False)] * broken + [(True, True)]:
            key = len(before)
            before[key], after[key], categories[key] = was, now, name
    return compare("test", before, after, categories, {}, seed=0)


def test_the_gate_stops_what_broke_one_category_though_more_was_fixed_elsewhere() -> None:
    found = changed(sums=(40, 0), maps=(0, 9))
    judged = gate(found)
    assert not judged.passed
    assert judged.sentence == (
        "Broken in category “maps” is significant: 9 broken, 0 fixed of 10, p = 0.004 after correction for 2 groups."
    )
    assert [each.significantly_broken for each in found.by_category] == [True, False]


def test_the_gate_lets_through_what_is_chance_among_many_categories() -> None:
    alone, among = changed(maps=(0, 7)), changed(maps=(0, 7), **{f"c{n}": (1, 1) for n in range(5)})
    assert gate(alone).findings[0].startswith("More broke than was fixed on the test set: 7 broken, 0 fixed, p = 0.016")
    assert gate(among).passed
    assert gate(among).sentence == "Nothing broke significantly on the test set (in 6 categories): 5 fixed, 12 broken."


def test_the_gate_lets_a_significant_gain_through() -> None:
    assert gate(changed(sums=(30, 2))).passed


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


@pytest.mark.parametrize(
    ("sizes", "counts", "mean"),
    [((1, -1, 0), (120, 40, 340), 0.16), ((1, 0.3, -0.6, 0), (50, 100, 50, 300), 0.1)],
    ids=["verdicts", "scores between 0 and 1"],
)
def test_the_difference_interval_is_the_paired_bootstraps(
    sizes: tuple[float, ...], counts: tuple[int, ...], mean: float
) -> None:
    changes = np.repeat(sizes, counts)
    resampled = np.random.default_rng(1).choice(changes, (20_000, 500)).mean(axis=1)
    low, high = np.percentile(resampled, (2.5, 97.5))
    got = difference_interval(changes.tolist(), seed=0)
    assert got.value == pytest.approx(mean)
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
    (colours,) = got.by_category
    assert (colours.samples, colours.before, colours.after) == (2, pytest.approx(0.45), pytest.approx(0.45))
