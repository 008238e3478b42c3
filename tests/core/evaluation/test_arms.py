"""What the arms other than "targeted" choose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.evaluation.arms import as_training_sample, demands_for, mean_similarity, random_steps, rank_by_similarity
from core.selection.draw import select_ranked
from core.types import Sample, Settings, SkillDemand

RANKED = [(sample, 1.0 - sample / 100) for sample in range(20)]


def test_the_first_are_taken_without_leaks_and_without_an_image_twice() -> None:
    hits = select_ranked(RANKED, budget=4, leaked={1}, image_hashes={0: "a", 2: "a", 3: "b"})
    assert [(hit.sample, hit.skill) for hit in hits] == [(0, ""), (3, ""), (4, ""), (5, "")]
    assert hits[1].score == 0.97


@given(st.integers(1, 19), st.sets(st.integers(0, 19)))
def test_a_smaller_take_is_the_beginning_of_a_larger(budget: int, leaked: set[int]) -> None:
    small = select_ranked(RANKED, budget=budget, leaked=leaked, image_hashes={})
    assert select_ranked(RANKED, budget=budget + 1, leaked=leaked, image_hashes={})[: len(small)] == small
    assert not leaked & {hit.sample for hit in small}


def test_a_budget_of_none_takes_all() -> None:
    assert len(select_ranked(RANKED, budget=0, leaked=set(), image_hashes={})) == 20


def test_instructions_are_ranked_by_their_mean_cosine() -> None:
    target = np.array([[2.0, 0.0], [0.0, 5.0]])
    found = mean_similarity(target, np.array([[1.0, 1.0], [3.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]))
    assert found == pytest.approx([2**-0.5, 0.5, -0.5, 0])


def test_the_nearest_come_first_and_equals_in_a_seeded_order() -> None:
    likeness = np.array([0.1, 0.9, 0.9, 0.9, 0.9, 0.2])
    ranks = [[sample for sample, _ in rank_by_similarity([10, 11, 12, 13, 14, 15], likeness, s)] for s in range(9)]
    assert all(set(rank[:4]) == {11, 12, 13, 14} and rank[4:] == [15, 10] for rank in ranks)
    assert len({tuple(rank) for rank in ranks}) > 3
    assert rank_by_similarity([10, 11, 12, 13, 14, 15], likeness, 4)[0][1] == 0.9


@given(st.dictionaries(st.integers(0, 999), st.integers(0, 6), max_size=20), st.integers(0, 9))
def test_a_random_step_is_one_of_the_steps_and_hangs_on_sample_and_seed_alone(steps: dict[int, int], seed: int) -> None:
    found = random_steps(list(steps.items()), seed)
    assert found.keys() == {sample for sample, count in steps.items() if count}
    assert all(1 <= step <= steps[sample] for sample, step in found.items())
    assert random_steps(list(reversed(list(steps.items()))), seed) == found


def test_every_step_is_as_likely() -> None:
    found = random_steps([(sample, 4) for sample in range(4000)], 0)
    assert np.bincount(list(found.values()))[1:] == pytest.approx([1000] * 4, rel=0.1)


def test_demands_count_the_errors_behind_each_text() -> None:
    found = demands_for(["b", "a", "b", "", "c"])
    assert found == [
        SkillDemand(skill="b", errors=2),
        SkillDemand(skill="a", errors=1),
        SkillDemand(skill="c", errors=1),
    ]
    with pytest.raises(UserError, match="review some cases"):
        demands_for(["", ""])


def test_a_labelled_question_is_learned_as_it_is_asked() -> None:
    sample = Sample(source_id="a", question="Which?", options=("x", "y"), answer="y")
    lesson = as_training_sample(sample, Settings(prompts={"student": "{question} {options}"}))
    assert lesson.question == "Which? (A) x (B) y"
    assert lesson.response == "The answer is (B) y."
    assert (
        as_training_sample(Sample(source_id="b", question="Why?", answer="so"), Settings()).response
        == "The answer is so."
    )
