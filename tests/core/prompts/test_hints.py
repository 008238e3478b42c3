"""A hint precedes the question in every prompt, and without one nothing changes."""

from dataclasses import replace

from core.prompts import label_prompt, skill_prompt, student_prompt, teacher_header
from core.types import Sample, Settings

PLAIN = Sample(
    source_id="s", question="Which is heavier?", options=("iron", "wood"), answer="iron", response="Iron is."
)
HINTED = replace(PLAIN, hint="Both cubes\nare the same size.")


def test_the_student_reads_the_hint_before_the_question() -> None:
    prompt = student_prompt(HINTED, Settings(prompts={"student": "{question}\n{options}"}))
    assert prompt == "Context: Both cubes\nare the same size.\nWhich is heavier?\n(A) iron (B) wood"


def test_the_teacher_reads_the_hint_before_the_question() -> None:
    for prompt in (
        teacher_header(HINTED, 0.6),
        teacher_header(HINTED, None),
        skill_prompt(HINTED, ("Wood is heavy.",), 1, 0),
        label_prompt(HINTED, 0),
    ):
        assert prompt.startswith(
            "Context: Both cubes\nare the same size. Question: Which is heavier? (A) iron (B) wood"
        )


def test_a_hint_adds_its_line_and_changes_nothing_else() -> None:
    context = "Context: Both cubes\nare the same size."
    assert student_prompt(HINTED, Settings()) == f"{context}\n{student_prompt(PLAIN, Settings())}"
    for make in (
        lambda sample: teacher_header(sample, 0.6),
        lambda sample: skill_prompt(sample, ("Wood is heavy.",), 1, 0),
        lambda sample: label_prompt(sample, 0),
    ):
        assert make(HINTED) == f"{context} {make(PLAIN)}"
        assert not make(PLAIN).startswith(" ")
        assert make(replace(PLAIN, lecture="Density is mass per volume.", answers=("iron",))) == make(PLAIN)
