"""Selections are proportional, nested, and free of leaks and repeats, and say what they lack."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.retrieval.index import SkillIndex
from core.selection.composition import is_short, skill_shares
from core.selection.draw import SampleCheck, draw_without_leaks, leak_key, select_hits, select_random
from core.types import Hit, Leak, SkillDemand

SKILLS = ("adding", "reading", "sorting")
DEMANDS = st.lists(
    st.builds(SkillDemand, skill=st.sampled_from((*SKILLS, "sorting adding", "unheard")), errors=st.integers(1, 9)),
    min_size=1,
    max_size=5,
)
LEAKED = st.sets(st.integers(0, 59), max_size=30)


def an_index() -> SkillIndex:
    """60 samples: a third for each skill, every sixth label with two skills, an image shared by every seventh
    sample."""
    labels = [SKILLS[i % 3] + (" sorting" if i % 6 == 0 else "") for i in range(60)] + ["naming colours"] * 90
    images = [f"image {i}" if i % 7 else "shared" for i in range(60)] + [None] * 90
    return SkillIndex.build(labels, range(150), ["a", "b"] * 75, images)


INDEX = an_index()
IMAGES = {i: f"image {i}" if i % 7 else "shared" for i in range(60)}


def demand(skill: str, errors: int = 1) -> SkillDemand:
    return SkillDemand(skill=skill, errors=errors)


def leak(sample: int) -> Leak:
    return Leak(sample=sample, why="question", key="what", measured=1)


def ran_dry(index: SkillIndex, demands: list[SkillDemand], budget: int) -> dict[str, tuple[int, int]]:
    """What the skills that ran out of samples were due and got."""
    hits = select_hits(index, demands, budget=budget, leaked=(), seed=0)
    shares = skill_shares(index, demands, hits, budget=budget, seed=0)
    return {each.skill: (each.due, each.got) for each in shares if is_short(each)}


@given(DEMANDS, LEAKED, st.integers(1, 70), st.integers(1, 70), st.integers(0, 3))
def test_a_smaller_selection_is_the_beginning_of_a_larger_one(
    demands: list[SkillDemand], leaked: set[int], one: int, other: int, seed: int
) -> None:
    small, large = (select_hits(INDEX, demands, budget=b, leaked=leaked, seed=seed) for b in sorted((one, other)))
    assert large[: len(small)] == small
    assert len(small) == min(one, other) or large == small


@given(DEMANDS, LEAKED, st.integers(1, 70), st.integers(0, 3))
def test_nothing_is_chosen_twice_and_no_leak_is_chosen(
    demands: list[SkillDemand], leaked: set[int], budget: int, seed: int
) -> None:
    hits = select_hits(INDEX, demands, budget=budget, leaked=leaked, seed=seed)
    chosen = [hit.sample for hit in hits]
    assert len(chosen) == len(set(chosen)) <= budget
    assert len({IMAGES[sample] for sample in chosen}) == len(chosen)
    assert not leaked & set(chosen)
    assert all(hit.skill in {each.skill for each in demands} and hit.score > 0 for hit in hits)


@given(st.lists(st.integers(1, 12), min_size=3, max_size=3), st.integers(1, 15))
def test_every_beginning_is_proportional_to_the_errors(errors: list[int], budget: int) -> None:
    demands = [demand(skill, count) for skill, count in zip(SKILLS, errors, strict=True)]
    got = Counter(hit.skill for hit in select_hits(INDEX, demands, budget=budget, leaked=(), seed=0))
    assert ran_dry(INDEX, demands, budget) == {}
    for each in demands:
        assert abs(got[each.skill] - budget * each.errors / sum(errors)) < 1.5


def test_with_one_error_a_skill_they_take_turns() -> None:
    hits = select_hits(INDEX, [demand(skill) for skill in SKILLS], budget=7, leaked=(), seed=0)
    assert [hit.skill for hit in hits] == [*SKILLS, *SKILLS, "adding"]


def test_a_turn_takes_the_best_hit_there_is() -> None:
    ranked = [hit for hit in INDEX.search("reading", seed=2) if hit.sample not in {1, 4}]
    assert select_hits(INDEX, [demand("reading")], budget=5, leaked={1, 4}, seed=2) == ranked[:5]


def test_errors_with_the_same_skill_share_one_list() -> None:
    apart = [demand("adding", 2), demand("reading", 1), demand("adding", 1)]
    together = [demand("adding", 3), demand("reading", 1)]
    assert select_hits(INDEX, apart, budget=12, leaked=(), seed=0) == select_hits(
        INDEX, together, budget=12, leaked=(), seed=0
    )


def test_skills_that_run_dry_are_named_and_others_take_their_turns() -> None:
    index = SkillIndex.build(["adding"] * 2 + ["reading"] * 20 + ["naming"] * 50, range(72), [""] * 72, [None] * 72)
    demands = [demand("adding", 2), demand("reading", 1), demand("unheard", 1)]
    hits = select_hits(index, demands, budget=12, leaked=(), seed=0)
    assert Counter(hit.skill for hit in hits) == {"adding": 2, "reading": 10}
    assert ran_dry(index, demands, 12) == {"adding": (6, 2), "unheard": (3, 0)}


def test_a_shortfall_gives_fewer_hits_and_names_every_skill() -> None:
    hits = select_hits(INDEX, [demand("reading")], budget=500, leaked=(), seed=0)
    assert len(hits) == len({IMAGES[hit.sample] for hit in INDEX.search("reading", seed=0)}) < 500
    assert ran_dry(INDEX, [demand("reading")], 500) == {"reading": (500, len(hits))}


@pytest.mark.parametrize(("demands", "budget", "way_on"), [([], 5, "review"), ([demand("adding")], 0, "at least 1")])
def test_nothing_to_select_is_said_in_a_sentence(demands: list[SkillDemand], budget: int, way_on: str) -> None:
    with pytest.raises(UserError, match=way_on):
        select_hits(INDEX, demands, budget=budget, leaked=(), seed=0)


def test_a_skill_without_errors_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least one error"):
        select_hits(INDEX, [demand("adding", 0)], budget=5, leaked=(), seed=0)


@given(LEAKED, st.integers(1, 70), st.integers(1, 70), st.integers(0, 3))
def test_the_random_arm_is_nested_and_free_of_leaks_and_repeats(
    leaked: set[int], one: int, other: int, seed: int
) -> None:
    small, large = (
        select_random(range(60), budget=b, leaked=leaked, seed=seed, image_hashes=IMAGES) for b in sorted((one, other))
    )
    chosen = [hit.sample for hit in large]
    assert large[: len(small)] == small
    assert len({IMAGES[sample] for sample in chosen}) == len(chosen)
    assert not leaked & set(chosen)
    assert {(hit.skill, hit.score, hit.terms) for hit in large} <= {("", 0.0, ())}


def test_the_random_arm_hangs_on_its_seed_and_fills_the_budget() -> None:
    orders = [[hit.sample for hit in select_random(range(60), budget=50, leaked={3}, seed=seed)] for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert len(orders[0]) == 50
    with pytest.raises(UserError, match="at least 1"):
        select_random(range(60), budget=0, leaked=(), seed=0)


CONTENTS = st.dictionaries(st.integers(0, 149), st.sampled_from([f"content {i}" for i in range(40)]), max_size=120)


def checked(
    draw: Callable[[set[int], Mapping[int, str]], list[Hit]], leaked: set[int], contents: Mapping[int, str]
) -> tuple[list[Hit], tuple[Leak, ...], list[int]]:
    """A draw that checks samples on demand: the hits, the leaks, and every sample checked."""
    looked: list[int] = []

    def look(samples: Collection[int]) -> dict[int, SampleCheck]:
        looked.extend(samples)
        return {
            each: SampleCheck(leaks=(leak(each),) * (each in leaked), image_hash=contents.get(each)) for each in samples
        }

    return (*draw_without_leaks(draw, look), looked)


@given(DEMANDS, LEAKED, CONTENTS, st.integers(1, 70), st.integers(0, 3))
def test_looking_only_at_what_is_drawn_chooses_what_full_knowledge_would(
    demands: list[SkillDemand], leaked: set[int], contents: dict[int, str], budget: int, seed: int
) -> None:
    hits, met, looked = checked(
        lambda bad, known: select_hits(INDEX, demands, budget=budget, leaked=bad, seed=seed, image_hashes=known),
        leaked,
        contents,
    )
    assert hits == select_hits(INDEX, demands, budget=budget, leaked=leaked, seed=seed, image_hashes=contents)
    assert {each.sample for each in met} <= leaked
    assert len(looked) == len(set(looked)), "each is looked at once"
    shown = [contents[hit.sample] for hit in hits if hit.sample in contents]
    assert len(shown) == len(set(shown)), "no image comes twice, whatever its name"


@given(LEAKED, CONTENTS, st.integers(1, 70), st.integers(1, 70), st.integers(0, 3))
def test_a_checked_random_arm_is_nested_too(
    leaked: set[int], contents: dict[int, str], one: int, other: int, seed: int
) -> None:
    small, large = (
        checked(
            lambda bad, known, b=b: select_random(range(60), budget=b, leaked=bad, seed=seed, image_hashes=known),  # type: ignore[misc]
            leaked,
            contents,
        )[0]
        for b in sorted((one, other))
    )
    assert large[: len(small)] == small
    assert large == select_random(range(60), budget=max(one, other), leaked=leaked, seed=seed, image_hashes=contents)


def test_a_small_draw_looks_at_few() -> None:
    _, met, looked = checked(
        lambda bad, known: select_hits(INDEX, [demand("reading")], budget=3, leaked=bad, seed=0, image_hashes=known),
        {hit.sample for hit in INDEX.search("reading", seed=0)}
        - {hit.sample for hit in INDEX.search("adding", seed=0)},
        {},
    )
    assert {each.sample for each in met} <= set(looked)
    first = list(INDEX.search("reading", seed=0))[:3]
    assert [hit.sample for hit in first] == looked[:3]


def test_questions_leak_whatever_their_case_spacing_and_closing_mark() -> None:
    one, other, third = "What is  3 + 4?", "what is 3 + 4", "What is 3 − 4?"
    assert leak_key(one) == leak_key(other) != leak_key(third)
