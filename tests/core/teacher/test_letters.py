"""Letter questions, and the letters' probabilities when not all of them are listed."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.parsing.reply import without_thoughts
from core.prompts import answer_cue, teacher_header, teacher_step
from core.teacher.letters import (
    letter_probabilities,
    letter_questions,
    parse_letter,
    parse_vote,
    vote_probabilities,
)
from core.types import Sample, Settings

SAMPLE = Sample(source_id="s", question="What is the sum?", options=("11", "12", "16"), answer="11")
STEPS = ("The left digit is 9.", "9 plus 7 is 16.")
# A model's full distribution over the letters and other first tokens.
DISTRIBUTION = st.lists(st.floats(1e-6, 1.0), min_size=6, max_size=12).map(
    lambda parts: [p / sum(parts) for p in parts]
)


def listed(shares: list[float], count: int, top: int) -> list[tuple[str, float]]:
    """The ``top`` most likely tokens; the first ``count`` of all are the letters."""
    tokens = [chr(ord("A") + place) if place < count else f"word{place}" for place in range(len(shares))]
    order = sorted(range(len(shares)), key=lambda place: -shares[place])[:top]
    return [(tokens[place], math.log(shares[place])) for place in order]


@pytest.mark.parametrize(
    "token", ["B", " B", "B ", "(B", "(B)", " (B)", "B.", "B)", "**B", '"B"', "▁B", "ĠB", "\nB", "[B]", "B:"]
)
def test_a_letter_is_read_however_it_is_spelled(token: str) -> None:
    assert parse_letter(token) == 1


@pytest.mark.parametrize("token", ["b", " a", "BA", "Because", "", " ", "(", "1", "B1", "-B", "Б", "AB", "I'm", "β"])
def test_what_is_no_letter_is_not_taken_for_one(token: str) -> None:
    assert parse_letter(token) is None


def test_the_questions_grow_at_their_ends_and_are_worded_as_on_this_machine() -> None:
    (asked,) = letter_questions(SAMPLE, STEPS, SAMPLE.options, Settings())
    header = teacher_header(SAMPLE, 0.6)
    assert asked.texts[0] == header + answer_cue()
    assert asked.texts[2] == header + teacher_step(1, STEPS[0]) + teacher_step(2, STEPS[1]) + answer_cue()
    bare = [text.removesuffix(answer_cue()) for text in asked.texts]
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(bare))


def test_an_answer_outside_the_options_gets_the_next_letter() -> None:
    (asked,) = letter_questions(SAMPLE, STEPS, (*SAMPLE.options, "9"), Settings())
    assert "(C) 16 (D) 9 Option (A) 11 holds a 60%" in asked.texts[0]


def test_a_free_form_question_is_asked_in_both_orders() -> None:
    free = replace(SAMPLE, options=(), answer="a cat")
    first, second = letter_questions(free, STEPS, ("a cat", "a dog"), Settings())
    assert "(A) a cat (B) a dog Option (A) a cat holds" in first.texts[0]
    assert "(A) a dog (B) a cat Option (B) a cat holds" in second.texts[0]
    assert (first.order, second.order) == ((0, 1), (1, 0))


def test_spellings_of_one_letter_add_up() -> None:
    shares, bounded = letter_probabilities([("A", math.log(0.3)), (" A", math.log(0.2)), ("(B", math.log(0.5))], 2)
    assert shares == pytest.approx((0.5, 0.5))
    assert not bounded


@given(DISTRIBUTION, st.integers(2, 6), st.integers(1, 12))
@example([0.124, 0.1236, 0.1135, 0.0535, 1.6e-07, 0.081, 0.0913, 0.0849, 0.1458, 0.1135, 0.0538, 0.01509984], 5, 11)
def test_what_is_not_listed_is_bounded_from_above_and_the_rest_is_exact(
    true: list[float], count: int, top: int
) -> None:
    first = listed(true, count, top)
    shares, bounded = letter_probabilities(first, count)
    assert sum(shares) == pytest.approx(1)
    named = {parse_letter(token) for token, _ in first} - {None}
    assert bounded == set(range(count)) - named
    for c in range(count):
        for known in set(range(count)) - bounded:
            ratio, truly = shares[c] / shares[known], true[c] / true[known]
            # 1 minus a sum is rounded: a share of 1e-7 has about nine digits left.
            rounded = 1e-9 * truly + 1e-14 / true[known]
            assert ratio >= truly - rounded if c in bounded else ratio == pytest.approx(truly)


@given(DISTRIBUTION, st.integers(2, 6), st.integers(1, 12))
def test_a_bounded_letter_is_no_likelier_than_the_last_one_listed_nor_than_all_that_is_left(
    true: list[float], count: int, top: int
) -> None:
    first = listed(true, count, top)
    shares, bounded = letter_probabilities(first, count)
    known = sum(math.exp(value) for token, value in first if parse_letter(token) is not None)
    most = min(math.exp(first[-1][1]), max(0.0, 1 - sum(math.exp(value) for _, value in first)))
    if known and most > 1e-12:
        for c in bounded:
            assert shares[c] == pytest.approx(most / (known + most * len(bounded)))


@pytest.mark.parametrize("top", [[], [("The", 0.0)], [("The", -0.1), ("It", -9999.0)]])
def test_where_no_letter_can_be_told_from_another_the_row_is_even_and_bounded(top: list[tuple[str, float]]) -> None:
    assert letter_probabilities(top, 4) == ((0.25,) * 4, frozenset(range(4)))


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=9))
def test_votes_are_counted_with_half_a_vote_for_each(votes: list[int | None]) -> None:
    shares = vote_probabilities(votes, 4)
    assert sum(shares) == pytest.approx(1)
    assert min(shares) > 0
    said = [vote for vote in votes if vote is not None]
    for place, share in enumerate(shares):
        assert share * (len(said) + 2) == pytest.approx(said.count(place) + 0.5)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("B", 1),
        ("(B) 12", 1),
        ("The answer is 16.", 2),
        ("C.", 2),
        ("12", 1),
        ("I cannot say", None),
        ("D", None),
        ("", None),
        ("The left digit is 9, so (A) 11 cannot be.\nIs it (B)? No.\n\nC", 2),
        ("<think>Option A. Or B?\nB</think>\nThe answer is (C) 16.", 2),
        ("<thinking>A</thinking>\n\n**B**\n", 1),
        ("9 plus 7 is 16.\nSo the answer is 16", 2),
        ("<think>Surely it is B", None),
        ("B\n\nBecause the sum says so.", 1),
        ("Either way.\nD", None),
    ],
)
def test_a_vote_is_read_by_letter_or_in_words_and_of_a_teacher_that_thinks_the_last_line_counts(
    text: str, option: int | None
) -> None:
    assert parse_vote(text, SAMPLE.options) == option


def test_what_is_thought_is_left_out_and_a_thought_without_an_end_says_nothing() -> None:
    assert without_thoughts("<think>Reading digits?</think>\nReading a digit") == "\nReading a digit"
    assert without_thoughts("<think>Reading dig") == ""
    assert without_thoughts("Reading a digit") == "Reading a digit"
