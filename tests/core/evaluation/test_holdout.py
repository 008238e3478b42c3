"""The held-out samples are a fair share of every category, and depend only on the seed and the ids."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.holdout import hold_out

SAMPLES = st.dictionaries(st.text(max_size=4), st.sampled_from("abcd"), max_size=60).map(lambda found: [*found.items()])
SHARES = st.floats(0, 0.99)


@given(SAMPLES, SHARES, st.integers(0, 5))
def test_each_category_gives_its_share_and_all_together_the_whole(
    samples: list[tuple[str, str]], share: float, seed: int
) -> None:
    held = hold_out(samples, share=share, seed=seed)
    assert held <= {sample for sample, _ in samples}
    whole = Counter(category for _, category in samples)
    got = Counter(category for sample, category in samples if sample in held)
    assert all(abs(got[each] - share * whole[each]) <= 1 for each in whole)
    assert abs(len(held) - share * len(samples)) <= 0.5 + 1e-6


@given(SAMPLES, SHARES, st.integers(0, 5), st.randoms())
def test_the_order_of_the_samples_does_not_matter(
    samples: list[tuple[str, str]], share: float, seed: int, chance: random.Random
) -> None:
    shuffled = chance.sample(samples, len(samples))
    assert hold_out(shuffled, share=share, seed=seed) == hold_out(samples, share=share, seed=seed)


def test_the_seed_draws_anew_and_any_sample_may_be_drawn() -> None:
    samples = [(f"s{number}", "a") for number in range(40)]
    draws = [hold_out(samples, share=0.3, seed=seed) for seed in range(40)]
    assert {len(draw) for draw in draws} == {12}
    assert set.union(*draws) == {sample for sample, _ in samples}


@pytest.mark.parametrize("share", [-0.1, 1, 30])
def test_a_share_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        hold_out([("a", "")], share=share, seed=0)
