"""Scores of answers: exact match with one truth, the official VQA evaluation with several."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parsing.answer import is_correct
from core.parsing.scoring import score_answer, truth_of, vqa_accuracy
from core.types import Sample

SAID = st.sampled_from(["red", "Red.", "pink", "a pink", "two", "2", "none"])
PEOPLE = st.lists(SAID, min_size=4, max_size=10)


def asked(*answers: str, answer: str = "red", options: tuple[str, ...] = ()) -> Sample:
    return Sample(source_id="s", question="Which colour?", options=options, answer=answer, answers=answers)


def official(answer: str, answers: Sequence[str]) -> float:
    """As in vqaEval.py: for each person, the agreement among the others."""
    shares = []
    for place in range(len(answers)):
        others = [*answers[:place], *answers[place + 1 :]]
        shares.append(min(1.0, sum(score_answer(answer, asked(answer=other))[0] for other in others) / 3))
    return sum(shares) / len(shares)


@given(st.sampled_from(["red", "pink", "2", "blue"]), st.lists(st.sampled_from(["red", "Pink", "two"]), min_size=4))
def test_vqa_accuracy_is_the_mean_over_the_sets_that_leave_one_out(answer: str, answers: list[str]) -> None:
    assert vqa_accuracy(answer, answers) == pytest.approx(official(answer, answers))


@pytest.mark.parametrize(("same", "score"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)])
def test_of_ten_people_two_make_an_answer_right(same: int, score: float) -> None:
    people = ["red"] * same + [f"other {number}" for number in range(10 - same)]
    assert score_answer("red", asked(*people)) == (same >= 2, pytest.approx(score))


@given(PEOPLE, SAID)
def test_a_score_is_a_share_and_right_means_at_least_half(people: list[str], answer: str) -> None:
    correct, score = score_answer(answer, asked(*people))
    assert score is not None
    assert 0 <= score <= 1
    assert correct == (score >= 0.5)


@given(PEOPLE)
def test_what_most_people_answered_is_right_where_two_agree(people: list[str]) -> None:
    truth = truth_of(asked(*people, answer=people[0]))
    assert truth in people
    _, best = score_answer(truth, asked(*people))
    assert all((score_answer(each, asked(*people))[1] or 0) <= (best or 0) for each in people)


@pytest.mark.parametrize("answer", ["red", "Pink", "the pink."])
def test_of_three_answers_or_fewer_each_is_accepted(answer: str) -> None:
    assert score_answer(answer, asked("pink")) == (True, None)
    assert score_answer(answer, asked("red", "pink", "pink")) == (True, None)
    assert score_answer("blue", asked("red", "pink")) == (False, None)


@given(st.text(), st.text())
def test_one_truth_is_compared_as_ever(answer: str, truth: str) -> None:
    assert score_answer(answer, asked(answer=truth)) == (is_correct(answer, truth), None)
    assert score_answer(answer, asked("x", "y", answer=truth, options=(truth, "x"))) == (
        is_correct(answer, truth),
        None,
    )


@pytest.mark.parametrize("sample", [asked(), asked("red"), asked(*["red"] * 10)])
def test_an_answer_that_was_not_read_is_wrong(sample: Sample) -> None:
    assert score_answer(None, sample) == (False, None)


@pytest.mark.parametrize(
    ("said", "truth"),
    [("none", "0"), ("dont walk", "don't walk"), ("The Two", "2"), ("t-shirt", "t shirt"), ("5,000", "5000")],
)
def test_the_official_forms_are_the_same_answer(said: str, truth: str) -> None:
    assert score_answer(said, asked(*[truth] * 10)) == (True, 1.0)


def test_of_equally_frequent_answers_the_samples_own_is_the_truth() -> None:
    assert truth_of(asked("pink", "red", "red", "pink")) == "red"
    assert truth_of(asked("pink", "blue", "pink", "blue", answer="red")) == "pink"
    assert truth_of(asked()) == "red"
    assert truth_of(asked("pink", options=("red", "pink"))) == "red"


def test_options_that_differ_in_capitals_alone_are_told_apart() -> None:
    letter = Sample(
        source_id="s", question="How does a letter begin?", options=("Dear Ann,", "Dear ann,"), answer="Dear Ann,"
    )
    assert score_answer("Dear Ann,", letter) == (True, None)
    assert score_answer("Dear ann,", letter) == (False, None)
    assert score_answer("dear ANN", letter) == (True, None)
