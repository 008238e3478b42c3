"""The exact texts: the demo's teacher was trained on them, so every change must be deliberate."""

from dataclasses import replace

import pytest

from core.prompts import (
    answer_cue,
    candidate_text,
    label_prompt,
    option_letter,
    options_text,
    skill_prompt,
    student_prompt,
    teacher_header,
    teacher_step,
)
from core.types import Sample, Settings

CHOICE = Sample(source_id="a", question="What is {it}?", options=("11", "16"), answer="16")
FREE = Sample(source_id="b", question="What is it?", answer="a dog", response="Step 1: It barks. The answer is a dog.")
STEPS = ("A1 is 9.", "9 plus 7 is 11.", "So it is 11.")


def test_the_teacher_reads_question_options_prior_steps_and_cue() -> None:
    assert (
        teacher_header(CHOICE, 0.6)
        == "Question: What is {it}? (A) 11 (B) 16 Option (B) 16 holds a 60% probability of being correct."
    )
    assert (
        teacher_header(FREE, 0.75) == "Question: What is it? The answer a dog holds a 75% probability of being correct."
    )
    assert teacher_header(CHOICE, None) == "Question: What is {it}? (A) 11 (B) 16"
    assert teacher_header(FREE, None) == "Question: What is it?"
    assert teacher_step(2, "So {it} is.") == " Step 2: So {it} is."
    assert answer_cue() == " The answer is"


def test_a_candidate_continues_the_cue_as_a_letter_or_as_its_text() -> None:
    assert candidate_text(("11", "16"), 1, CHOICE.options, True) == " (B)"
    assert candidate_text(("11", "16"), 1, CHOICE.options, False) == " 16"
    assert candidate_text(("a cat",), 0, (), True) == " a cat"


def test_the_skill_question_ends_with_the_mistake_step() -> None:
    assert skill_prompt(CHOICE, STEPS, 2, 0) == (
        "Question: What is {it}? (A) 11 (B) 16 The correct answer is 16. Step 1: A1 is 9. Step 2: 9 plus 7 is 11. "
        "The first wrong step is Step 2: 9 plus 7 is 11. Missing skill:"
    )


@pytest.mark.parametrize(("shots", "last"), [(1, "partly hidden ones."), (4, "between objects."), (9, "objects.")])
def test_examples_go_before_the_skill_question_as_many_as_asked_for(shots: int, last: str) -> None:
    *examples, case = skill_prompt(CHOICE, STEPS, 2, shots).split("\n\n")
    assert len(examples) == min(shots, 4)
    assert examples[-1].endswith(last)
    assert case == skill_prompt(CHOICE, STEPS, 2, 0)


def test_a_label_question_holds_the_response_or_else_the_answer() -> None:
    assert label_prompt(FREE, 0) == "Question: What is it? Step 1: It barks. The answer is a dog. Required skills:"
    assert label_prompt(CHOICE, 0) == "Question: What is {it}? (A) 11 (B) 16 The answer is 16. Required skills:"
    first = label_prompt(CHOICE, 1).partition("\n\n")[0]
    assert first == (
        "Question: What is written on the bus? The bus shows 42. The answer is 42. "
        "Required skills: reading text in images."
    )


@pytest.mark.parametrize("plain", [CHOICE, FREE])
def test_a_hint_stands_before_the_question_in_every_text_and_changes_nothing_else(plain: Sample) -> None:
    hinted = replace(plain, hint="Both cubes\nare the same size.", lecture="Mass.", answers=(plain.answer,))
    context = "Context: Both cubes\nare the same size."
    for settings in (Settings(), Settings(prompts={"student": "{question}\n{options}"})):
        assert student_prompt(hinted, settings) == f"{context}\n{student_prompt(plain, settings)}"
    for make in (
        lambda sample: teacher_header(sample, 0.6),
        lambda sample: teacher_header(sample, None),
        lambda sample: skill_prompt(sample, STEPS, 2, 0),
        lambda sample: label_prompt(sample, 0),
    ):
        assert make(hinted) == f"{context} {make(plain)}"
        assert make(plain).startswith("Question: What is ")


def test_a_lecture_is_read_only_where_a_text_asks_for_it() -> None:
    told = Sample(source_id="c", question="Why?", answer="x", hint="It rained.", lecture="Rain is wet.")
    assert teacher_header(told, None, {"teacher.header": "{lecture} {question} {prior}"}) == "Rain is wet. Why?"


def test_the_student_is_asked_in_its_familys_words_unless_the_project_has_its_own() -> None:
    default = (
        "What is {it}?\n(A) 11 (B) 16\nReason in numbered steps, one line each, starting with 'Step 1:'. "
        "Then finish with one line: 'The answer is' and your answer."
    )
    assert student_prompt(CHOICE, Settings()) == default
    assert student_prompt(CHOICE, Settings(), "idefics3") == default
    own = Settings(prompts={"student": "{options}\n\nAnswer: {question}"})
    for family in ("llava", "llava_onevision", "qwen2_vl", "qwen2_5_vl"):
        asked = student_prompt(CHOICE, Settings(), family)
        assert asked != default
        assert asked.startswith("What is {it}?\n(A) 11 (B) 16\n")
        assert "Step 1:" in asked
        assert "line: 'The answer is'" in asked.replace("last line write", "last line:")
        assert student_prompt(CHOICE, own, family) == "(A) 11 (B) 16\nAnswer: What is {it}?"
    assert student_prompt(FREE, own) == "Answer: What is it?"


def test_letters_go_on_after_z() -> None:
    assert [option_letter(index) for index in (0, 25, 26, 52)] == ["A", "Z", "AA", "BA"]
    assert options_text(()) == ""
