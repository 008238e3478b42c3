"""One packed forward gives what one plain forward a prefix gives, and where it would not, that is found out."""

from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.teacher.scoring import Branches, packed_scores, packing_reach, packing_works, plain_scores
from tests.tiny_teachers import make_model

PACKABLE = ("llama", "qwen2", "gpt-neox")
LLAMA = make_model("llama")
WORDS = st.lists(st.integers(0, 299), min_size=1, max_size=6)


def one_by_one(model: Any, branches: Branches) -> np.ndarray:
    """The definition, without padding: the log-probability of a whole text beyond its candidates' common beginning."""
    scores = []
    for candidates in branches:
        lengths = range(min(map(len, candidates)) + 1)
        shared = max(i for i in lengths if len({tuple(tokens[:i]) for tokens in candidates}) == 1)
        for tokens in candidates:
            with torch.inference_mode():
                logged = torch.log_softmax(model(torch.tensor([tokens])).logits[0].float(), -1)
            scores.append(sum(logged[i - 1, tokens[i]].item() for i in range(shared, len(tokens))))
    return np.array(scores).reshape(len(branches), -1)


def some_branches(sizes: tuple[int, ...] = (1, 2, 3, 5), steps: int = 4) -> Branches:
    """A header, steps, a cue and candidates of the given numbers of tokens."""
    draw = np.random.default_rng(1)
    header, cue = draw.integers(300, size=30).tolist(), [7, 8]
    parts = [draw.integers(300, size=9).tolist() for _ in range(steps)]
    ends = [[10 + i, *draw.integers(300, size=size - 1).tolist()] for i, size in enumerate(sizes)]
    trunks = [[*header, *chain(*parts[:k]), *cue] for k in range(steps + 1)]
    return [[trunk + end for end in ends] for trunk in trunks]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", PACKABLE)
def test_a_packed_forward_equals_plain_ones(family: str, attention: str) -> None:
    model, branches = make_model(family, attention=attention), some_branches()
    expected = one_by_one(model, branches)
    assert expected.std(axis=0).min() > 0.02, "the steps must matter, or equality would say nothing"
    assert packed_scores(model, branches) == pytest.approx(expected, abs=1e-4)
    assert plain_scores(model, branches) == pytest.approx(expected, abs=1e-4)


@given(WORDS, st.lists(WORDS, max_size=3), WORDS, st.lists(WORDS, min_size=2, max_size=4))
@settings(deadline=None, max_examples=40)
def test_a_packed_forward_equals_plain_ones_for_any_texts(
    header: list[int], steps: list[list[int]], cue: list[int], ends: list[list[int]]
) -> None:
    trunks = [[*header, *chain(*steps[:k]), *cue] for k in range(len(steps) + 1)]
    branches = [[trunk + end for end in ends] for trunk in trunks]
    packed = packed_scores(LLAMA, branches)
    assert packed.shape == (len(steps) + 1, len(ends))
    assert packed == pytest.approx(one_by_one(LLAMA, branches), abs=1e-4)


@pytest.mark.parametrize("family", ["bloom", "mamba"])
def test_plain_forwards_are_right_for_models_that_cannot_be_packed(family: str) -> None:
    model, branches = make_model(family), some_branches()
    assert plain_scores(model, branches) == pytest.approx(one_by_one(model, branches), abs=1e-4)


@pytest.mark.parametrize("family", [*PACKABLE, "mistral"])
def test_models_that_honour_the_mask_are_packed(family: str) -> None:
    assert packing_works(make_model(family))


@pytest.mark.parametrize("family", ["bloom", "mamba"])
def test_models_that_do_not_are_found_out(family: str) -> None:
    assert not packing_works(make_model(family))


def test_a_model_in_half_precision_is_packed() -> None:
    assert packing_works(make_model("llama").to(torch.bfloat16))


def test_a_sliding_window_limits_what_is_packed() -> None:
    model = make_model("mistral", attention="sdpa")
    assert packing_reach(model.config) == 40
    assert packing_reach(LLAMA.config) == float("inf")
    longer = some_branches()
    assert plain_scores(model, longer) == pytest.approx(one_by_one(model, longer), abs=1e-4)
    assert np.abs(packed_scores(model, longer) - plain_scores(model, longer)).max() > 1e-2
