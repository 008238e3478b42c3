"""A packed forward equals a plain forward for each prefix; where it would not, that is detected."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.teacher.scoring import Branches, Scores, max_packed_length, packed_scores, packing_works, plain_scores
from tests.models.tiny_teachers import make_model

PACKABLE = ("llama", "qwen2", "gpt-neox")
UNPACKABLE = ("bloom", "mamba")
LLAMA = make_model("llama")
WORDS = st.lists(st.integers(0, 299), min_size=1, max_size=6)


def one_by_one(model: Any, branches: Branches) -> np.ndarray:
    """The definition, without padding: the log-probability of a whole text beyond its candidates' common prefix."""
    scores = []
    for candidates in branches:
        lengths = range(min(map(len, candidates)) + 1)
        shared = max(i for i in lengths if len({tuple(tokens[:i]) for tokens in candidates}) == 1)
        for tokens in candidates:
            with torch.inference_mode():
                logged = torch.log_softmax(model(torch.tensor([tokens])).logits[0].float(), -1)
            scores.append(sum(logged[i - 1, tokens[i]].item() for i in range(shared, len(tokens))))
    return np.array(scores).reshape(len(branches), -1)


def alone(model: Any, branches: Branches) -> Scores:
    """The packed scores of one rationale."""
    ((_, found),) = packed_scores(model, [(0, branches)])
    return found


def some_branches(sizes: tuple[int, ...] = (1, 2, 3, 5), steps: int = 4) -> Branches:
    """A header, steps, a cue and candidates with the given numbers of tokens."""
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
    assert alone(model, branches) == pytest.approx(expected, abs=1e-4)
    assert plain_scores(model, branches) == pytest.approx(expected, abs=1e-4)


@given(WORDS, st.lists(WORDS, max_size=3), WORDS, st.lists(WORDS, min_size=2, max_size=4))
@settings(deadline=None, max_examples=40)
def test_a_packed_forward_equals_plain_ones_for_any_texts(
    header: list[int], steps: list[list[int]], cue: list[int], ends: list[list[int]]
) -> None:
    trunks = [[*header, *chain(*steps[:k]), *cue] for k in range(len(steps) + 1)]
    branches = [[trunk + end for end in ends] for trunk in trunks]
    packed = alone(LLAMA, branches)
    assert packed.shape == (len(steps) + 1, len(ends))
    assert packed == pytest.approx(one_by_one(LLAMA, branches), abs=1e-4)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", PACKABLE)
def test_rationales_side_by_side_give_what_each_gives_alone(family: str, attention: str) -> None:
    model = make_model(family, attention=attention)
    cases = [some_branches((1, 1), 2), some_branches(), some_branches((4, 2), 9), some_branches((1, 2, 1), 0)]
    expected = [alone(model, each) for each in cases]
    with forwards_of(model) as forwards:
        found = list(packed_scores(model, enumerate(cases), nodes=100_000))
    assert [place for place, _ in found] == [0, 1, 2, 3]
    assert [many for many, _ in forwards] == [4]
    for each, (_, scores) in zip(expected, found, strict=True):
        assert scores == pytest.approx(each, abs=1e-4)


@given(st.integers(1, 400), st.lists(st.integers(0, 4), max_size=6))
@settings(deadline=None, max_examples=30)
def test_no_forward_is_wider_than_asked_unless_one_rationale_is(nodes: int, steps: list[int]) -> None:
    cases = [some_branches(steps=each) for each in steps]
    with forwards_of(LLAMA) as forwards:
        found = dict(packed_scores(LLAMA, enumerate(cases), nodes=nodes))
    assert list(found) == list(range(len(steps)))
    assert sum(many for many, _ in forwards) == len(steps)
    assert all(many == 1 or many * width <= nodes for many, width in forwards)


def test_the_next_rationales_are_read_before_the_last_forward_is_waited_for() -> None:
    read: list[int] = []

    def cases() -> Iterator[tuple[int, Branches]]:
        for place in range(3):
            read.append(place)
            yield place, some_branches()

    scores = packed_scores(LLAMA, cases())
    next(scores)
    assert read == [0, 1, 2], "the third, to know that the second is alone; the second is begun"


@contextmanager
def forwards_of(model: Any) -> Iterator[list[tuple[int, int]]]:
    """The token shapes of every forward made in the block."""
    seen: list[tuple[int, int]] = []
    hook = model.register_forward_pre_hook(
        lambda _, args, inputs: seen.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    try:
        yield seen
    finally:
        hook.remove()


@pytest.mark.parametrize("family", UNPACKABLE)
def test_plain_forwards_are_right_for_models_that_cannot_be_packed(family: str) -> None:
    model, branches = make_model(family), some_branches()
    assert plain_scores(model, branches) == pytest.approx(one_by_one(model, branches), abs=1e-4)


@pytest.mark.parametrize("family", [*PACKABLE, "mistral", *UNPACKABLE])
def test_models_that_honour_the_mask_are_packed_and_those_that_do_not_are_found_out(family: str) -> None:
    assert packing_works(make_model(family)) == (family not in UNPACKABLE)


def test_a_model_in_half_precision_is_packed() -> None:
    assert packing_works(make_model("llama").to(torch.bfloat16))


def test_a_sliding_window_limits_what_is_packed() -> None:
    model = make_model("mistral", attention="sdpa")
    assert max_packed_length(model.config) == 40
    assert max_packed_length(LLAMA.config) == float("inf")
    longer = some_branches()
    assert plain_scores(model, longer) == pytest.approx(one_by_one(model, longer), abs=1e-4)
    assert np.abs(alone(model, longer) - plain_scores(model, longer)).max() > 1e-2
