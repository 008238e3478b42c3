"""Methods to find mistake steps: their questions, their guesses, and how settings are chosen and reported."""

from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.identification import (
    KnownMistake,
    doubt_guesses,
    first_diverging,
    first_doubted,
    random_chance,
    report_method,
    report_random,
    shared_words,
    split_halves,
    step_doubts,
    switch_guesses,
    write_rationales,
    written_guesses,
)
from core.prompts import rationale_prompt
from core.teacher.local import load_teacher
from core.types import Curve, Prediction, Sample, Settings, Skipped
from tests.projects.tiny_project import save_teacher

SETTINGS = Settings(candidates_as="text", skill_shots=0)
SAMPLE = Sample(id=3, source_id="a", question="What is 1 plus 2?", options=("3", "4"), answer="3")
KNOWN = [KnownMistake(sample=k, steps=k % 4 + 2, gold=k % 2 + 1) for k in range(40)]


def a_prediction(*steps: str) -> Prediction:
    return Prediction(round=1, sample=3, text="", steps=steps, answer="4", reading="", correct=False)


class Scripted:
    """A teacher with scripted answers that records its questions."""

    name, remark = "scripted", ""

    def __init__(self, says: Sequence[str] = (), wrong: Sequence[float | None] = ()) -> None:
        self.says, self.wrong, self.asked = list(says), list(wrong), list[str]()

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        for place, (sample, _) in enumerate(items):
            self.asked.append(sample.question)
            doubt = self.wrong.pop(0)
            yield (
                place,
                Skipped(reason="too long")
                if doubt is None
                else Curve(candidates=sample.options, truth=0, predicted=1, probabilities=((1 - doubt, doubt),)),
            )

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str]:
        self.asked += prompts
        return [self.says.pop(0) for _ in prompts]


def test_each_step_is_asked_about_with_the_steps_before_it_and_no_prior() -> None:
    teacher = Scripted(wrong=[0.1, 0.7])
    found = list(step_doubts(teacher, [(SAMPLE, a_prediction("1 is odd.", "1 plus 2 is 4."))], SETTINGS))
    assert found == [(3, [pytest.approx(0.1), pytest.approx(0.7)])]
    assert "Step 1: 1 is odd. Is Step 1 right or wrong?" in teacher.asked[0]
    assert "1 plus 2 is 4" not in teacher.asked[0]
    assert "Step 1: 1 is odd. Step 2: 1 plus 2 is 4. Is Step 2 right or wrong?" in teacher.asked[1]
    assert not any("probability" in text for text in teacher.asked)


def test_a_case_with_a_step_beyond_the_teacher_is_left_out() -> None:
    teacher = Scripted(wrong=[0.1, None, 0.3])
    cases = [(SAMPLE, a_prediction("one.", "two.")), (SAMPLE, a_prediction("three."))]
    assert len(list(step_doubts(teacher, cases, SETTINGS))) == 1


def test_a_rationale_is_written_step_by_step_until_nothing_comes() -> None:
    teacher = Scripted(says=["one", "uno", "two", "", "three"])
    assert write_rationales(teacher, [(SAMPLE, 3), (SAMPLE, 9)], SETTINGS) == [("one", "two", "three"), ("uno",)]
    assert teacher.asked[0].endswith("The correct answer is 3. Step 1:")
    assert teacher.asked[2].endswith("Step 1: one Step 2:")
    assert teacher.asked[0] == rationale_prompt(SAMPLE, (), 0)


def test_a_real_teacher_answers_both_questions(tmp_path: object) -> None:
    teacher = load_teacher(str(save_teacher(tmp_path)), device="cpu")  # type: ignore[arg-type]
    ((sample, doubts),) = step_doubts(teacher, [(SAMPLE, a_prediction("1 is odd.", "It is 4."))], SETTINGS)
    assert sample == 3
    assert len(doubts) == 2
    assert all(0 < doubt < 1 for doubt in doubts)
    (steps,) = write_rationales(teacher, [(SAMPLE, 2)], SETTINGS)
    assert len(steps) <= 2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_the_first_doubted_step_is_above_the_threshold_or_the_most_doubted(doubts: list[float], at: float) -> None:
    step = first_doubted(doubts, at)
    assert 1 <= step <= len(doubts)
    assert all(each <= at for each in doubts[: step - 1])
    assert doubts[step - 1] > at or doubts[step - 1] == max(doubts)


def test_a_step_diverges_where_it_shares_too_little_with_every_written_one() -> None:
    steps = ("The left digit is 9.", "The right digit is 7.", "9 plus 7 equals 15.")
    written = ("The left digit is 9.", "The right digit is 7.", "9 plus 7 equals 16.")
    shares = shared_words(steps, written)
    assert shares == [1, 1, 0.8]
    assert first_diverging(shares, 0.95) == 3
    assert first_diverging(shares, 0.5) == 3, "no step shares so little: the one that shares least"
    assert first_diverging(shared_words(steps, ()), 0.5) == 1


def test_a_random_step_is_right_as_often_as_there_are_steps_to_choose_from() -> None:
    exact, near = random_chance([KnownMistake(sample=1, steps=4, gold=1), KnownMistake(sample=2, steps=4, gold=2)])
    assert exact == [0.25, 0.25]
    assert near == [0.5, 0.75]
    assert report_random(KNOWN, 0).errors == 20


@given(st.integers(2, 60), st.integers(0, 9))
def test_the_halves_share_nothing_and_lose_nothing(count: int, seed: int) -> None:
    known = [KnownMistake(sample=k, steps=3, gold=1) for k in range(count)]
    first, second = split_halves(known, seed)
    assert sorted(each.sample for each in (*first, *second)) == list(range(count))
    assert abs(len(first) - len(second)) <= 1
    assert split_halves(known, seed) == (first, second)


def test_settings_are_chosen_on_one_half_and_reported_on_the_other() -> None:
    gold = {each.sample: each.gold for each in KNOWN}
    chosen_on, reported_on = ({each.sample for each in half} for half in split_halves(KNOWN, 0))
    guesses = {
        "never": lambda sample: None,
        "right where it is chosen": lambda sample: gold[sample] if sample in chosen_on else gold[sample] + 1,
        "right where it is reported": lambda sample: gold[sample] if sample in reported_on else None,
    }
    found = report_method("a way", guesses, KNOWN, 0)
    assert found.settings == "right where it is chosen"
    assert (found.exact.value, found.near.value, found.errors) == (0, 1, 20)


def test_the_sweeps_begin_with_the_usual_settings_and_leave_out_what_was_not_answered() -> None:
    curve = Curve(candidates=("a", "b"), truth=0, predicted=1, probabilities=((0.6, 0.4), (0.2, 0.8), (0.1, 0.9)))
    switches = switch_guesses({0.7: {1: curve}, 0.6: {1: curve}})
    assert next(iter(switches)) == "π = 0.6, δ = 0, λ = 2"
    assert len(switches) == 2 * 8 * 4
    assert switches["π = 0.7, δ = 0.3, λ = 1"](1) == 1
    assert switches["π = 0.6, δ = 0, λ = 2"](2) is None
    doubts = doubt_guesses({1: [0.2, 0.6]})
    assert (next(iter(doubts)), doubts["threshold 0.22"](1), doubts["threshold 0.5"](1)) == ("threshold 0.5", 2, 2)
    assert doubts["threshold 0.5"](2) is None
    written = written_guesses({1: ["a b", "c d"]}, {1: ["a b"]})
    assert written["threshold 0.5"](1) == 2
    assert written["threshold 0.5"](2) is None
