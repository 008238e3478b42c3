"""Diagnoses from a real, tiny, random teacher, and cleaned phrases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from core.answer_switch import find_switch
from core.diagnosis import NO_SKILL, diagnose, label, name_skills
from core.errors import UserError
from core.models.devices import choose_device
from core.phrases.skills import clean_phrase
from core.prompts.texts import prompts_hash
from core.teacher.local import LocalTeacher
from core.types import Curve, Diagnosis, Prediction, Sample, Settings, Skipped
from tests.models.tiny_teachers import byte_pairs, make_model

SETTINGS = Settings(skill_shots=0, prior=0.7, delta=0.1, lam=1)
STEPS = ("The left digit is 9.", "9 plus 7 is 16.")


@pytest.fixture(scope="session")
def teacher() -> LocalTeacher:
    """A random Llama that reads 512 tokens."""
    words = byte_pairs()
    model = make_model("llama", words=len(words)).to(choose_device("cpu"))
    return LocalTeacher(name="tiny", model=model, tokenizer=words, opening=(), limit=512, reach=512)


def a_sample(number: int = 1) -> Sample:
    question = f"What is the sum of the two digits {number}?"
    return Sample(id=number, source_id=f"s{number}", question=question, options=("11", "12", "16"), answer="11")


def a_case(number: int = 1, *, answer: str | None = "16", steps: tuple[str, ...] = STEPS) -> tuple[Sample, Prediction]:
    correct = answer == "11"
    prediction = Prediction(round=3, sample=number, text="", steps=steps, answer=answer, reading="cue", correct=correct)
    return a_sample(number), prediction


def test_a_diagnosis_holds_the_curve_the_switch_the_skill_and_what_made_them(teacher: LocalTeacher) -> None:
    ((found,),) = diagnose(teacher, [a_case()], SETTINGS, round_id=3)
    ((_, curve),) = teacher.curves([a_case()], SETTINGS)
    assert isinstance(curve, Curve)
    assert found == Diagnosis(
        round=3,
        sample=1,
        curve=curve,
        switch=find_switch(curve, delta=0.1, lam=1),
        skill=found.skill,
        prior=0.7,
        delta=0.1,
        lam=1,
        teacher="tiny",
        prompts=prompts_hash(SETTINGS),
        skill_step=found.switch.mistake_step,
    )
    assert found.skill == clean_phrase(found.skill)


def test_of_several_answers_the_most_frequent_is_the_truth_that_is_diagnosed(teacher: LocalTeacher) -> None:
    sample, prediction = a_case()
    asked = replace(sample, options=(), answer="13", answers=("13", "11", "11", "eleven", "12", "12"))
    skipped: list[str] = []
    items = [(asked, replace(prediction, answer=answer)) for answer in ("16", "13", "12")]
    ((one, two),) = diagnose(teacher, items, SETTINGS, round_id=3, on_skipped=lambda _, why: skipped.append(why.reason))
    assert (one.curve.candidates, two.curve.candidates) == (("11", "16"), ("11", "13"))
    assert skipped == ["The answer is right."]


def test_diagnoses_come_in_batches_as_the_items_are_read(teacher: LocalTeacher) -> None:
    read: list[int] = []

    def items() -> Iterator[tuple[Sample, Prediction]]:
        for number in range(70):
            read.append(number)
            yield a_case(number, steps=STEPS[:1])

    batches = diagnose(teacher, items(), SETTINGS, round_id=3)
    assert [each.sample for each in next(batches)] == list(range(32))
    assert len(read) == 32
    assert [each.sample for batch in batches for each in batch] == list(range(32, 70))


def test_what_cannot_be_diagnosed_is_left_out_and_explained(teacher: LocalTeacher) -> None:
    told: dict[int, str] = {}
    endless = a_case(4, steps=("The left digit is 9. " * 400,))
    items = [a_case(1, answer=None), a_case(2, answer="11"), a_case(3), endless]
    batches = diagnose(
        teacher, items, SETTINGS, round_id=3, on_skipped=lambda sample, why: told.update({sample.id: why.reason})
    )
    assert [each.sample for batch in batches for each in batch] == [3]
    assert sorted(told) == [1, 2, 4]
    assert "could not be read" in told[1]
    assert "right" in told[2]
    assert "longer context" in told[4]


def test_unless_it_is_asked_for_the_explanation_goes_to_the_log(
    teacher: LocalTeacher, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(diagnose(teacher, [a_case(answer=None)], SETTINGS, round_id=3)) == []
    assert "sample s1 is left out: The answer could not be read" in caplog.text


def test_a_rationale_without_steps_has_a_curve_and_no_skill(teacher: LocalTeacher) -> None:
    ((first, second),) = diagnose(teacher, [a_case(1, steps=()), a_case(2)], SETTINGS, round_id=3)
    assert (first.switch.status, first.switch.mistake_step, first.skill) == ("no_steps", None, "")
    assert len(first.curve.probabilities) == 1
    assert second.switch.mistake_step is not None


@dataclass
class Listener:
    """A teacher by protocol only: returns curves in reverse order and records its prompts."""

    name: str = "listener"
    heard: list[str] = field(default_factory=list)

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        for place, (sample, _) in reversed(list(enumerate(items))):
            rows = ((0.8, 0.0, 0.2), (0.7, 0.0, 0.3), (0.1, 0.0, 0.9))
            rows = rows if sample.id % 2 else (rows[0], rows[2], rows[2])
            yield place, Curve(candidates=sample.options, truth=0, predicted=2, probabilities=rows)

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str]:
        self.heard += prompts
        return [f' "Skill {i}".' for i in range(len(prompts))]


@dataclass
class Failing(Listener):
    """Names no skill where the prompt contains the digits 2: every request failed."""

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str | Skipped]:  # type: ignore[override]
        failed = Skipped(reason="It timed out.", failed=True)
        return [failed if "digits 2?" in each else "Adding." for each in prompts]


def test_what_every_try_to_ask_about_failed_is_left_out_and_gets_no_unnamed_skill() -> None:
    told: list[tuple[int, bool]] = []

    def skipped(sample: Sample, why: Skipped) -> None:
        told.append((sample.id, why.failed))

    cases, samples = [a_case(number) for number in (1, 2, 3)], {number: a_sample(number) for number in (1, 2, 3)}
    ((first, third),) = diagnose(Failing(), cases, SETTINGS, round_id=3, on_skipped=skipped)
    assert [(each.sample, each.skill) for each in (first, third)] == [(1, "Adding"), (3, "Adding")]
    assert list(label(Failing(), samples.values(), SETTINGS, on_skipped=skipped)) == [[(1, "Adding"), (3, "Adding")]]
    assert told == [(2, True)] * 2
    with pytest.raises(UserError, match=r"It timed out\."):
        name_skills(Failing(), [(*case, 1) for case in cases], SETTINGS)


def test_the_skill_is_asked_for_with_the_steps_up_to_the_mistake_step() -> None:
    listener = Listener()
    ((first, second),) = diagnose(listener, [a_case(1), a_case(2)], SETTINGS, round_id=3)
    assert [(each.switch.mistake_step, each.skill) for each in (first, second)] == [(2, "Skill 0"), (1, "Skill 1")]
    assert STEPS[1] in listener.heard[0]
    assert STEPS[1] not in listener.heard[1]


def test_a_projects_own_texts_are_what_the_teacher_is_asked() -> None:
    listener = Listener()
    own = Settings(prompts={"skill": "{question} wrong: {step}"}, skill_shots=0)
    ((found,),) = diagnose(listener, [a_case()], own, round_id=3)
    assert listener.heard == [f"{a_sample().question} wrong: {STEPS[1]}"]
    assert found.prompts == prompts_hash(own) != prompts_hash(Settings(skill_shots=0))
    list(label(listener, [a_sample()], Settings(prompts={"label": "{question} needs"}, skill_shots=0)))
    assert listener.heard[-1] == f"{a_sample().question} needs"


def test_labels_come_with_their_sample_in_batches() -> None:
    listener = Listener()
    batches = list(label(listener, [a_sample(number) for number in range(40)], Settings(skill_shots=1)))
    assert [len(batch) for batch in batches] == [32, 8]
    assert batches[1][0] == (32, "Skill 0")
    assert all(prompt.endswith("Required skills:") for prompt in listener.heard)
    assert listener.heard[0].count("Required skills:") == 2


def test_a_real_teacher_labels_too(teacher: LocalTeacher) -> None:
    unnamed: list[int] = []
    samples = [a_sample(number) for number in range(12)]
    (found,) = label(teacher, samples, SETTINGS, on_skipped=lambda sample, _: unnamed.append(sample.id))
    assert sorted([each for each, _ in found] + unnamed) == list(range(12)), "a random teacher names noise or nothing"
    assert all(phrase == clean_phrase(phrase) != "" for _, phrase in found)


@dataclass
class Stubborn(Listener):
    """Gives one reply to the first asking for a skill and another to the second."""

    first: str = "The correct answer is 11."
    second: str = "Adding two digits"

    def complete(self, prompts: Sequence[str], max_words: int) -> list[str]:
        self.heard += prompts
        return [self.second if each.startswith("Name a skill") else self.first for each in prompts]


def test_a_reply_that_states_an_answer_is_asked_for_once_more_with_a_stricter_prompt() -> None:
    teacher = Stubborn()
    ((found,),) = diagnose(teacher, [a_case()], SETTINGS, round_id=3)
    assert found.skill == "Adding two digits"
    first, second = teacher.heard
    assert "Do not state an answer" in second
    assert "Missing skill: Counting objects including partly hidden ones." in second, "with examples"
    assert second.endswith(first)
    assert list(label(Stubborn(), [a_sample(7)], SETTINGS)) == [[(7, "Adding two digits")]]


@pytest.mark.parametrize("said", ["(A) 11", "The left digit is 9.", "What is the sum of the two digits 1?", "", "None"])
def test_what_names_no_skill_twice_is_left_without_one_and_listed(said: str) -> None:
    teacher = Stubborn(first=said, second=said)
    ((found,),) = diagnose(teacher, [a_case()], SETTINGS, round_id=3)
    assert (found.skill, found.switch.mistake_step, len(teacher.heard)) == ("", 2, 2)
    told: list[tuple[int, str, bool]] = []
    skipped = label(
        teacher, [a_sample()], SETTINGS, on_skipped=lambda s, why: told.append((s.id, why.reason, why.failed))
    )
    assert list(skipped) == [[]]
    assert told == [(1, NO_SKILL, False)]
    assert name_skills(teacher, [(*a_case(), 1)], SETTINGS) == [""]


def test_who_names_a_skill_is_asked_once() -> None:
    listener = Listener()
    list(diagnose(listener, [a_case(number) for number in range(1, 5)], SETTINGS, round_id=3))
    assert len(listener.heard) == 4
