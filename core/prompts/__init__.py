"""What a model is shown of a sample: the student's question, the teacher's prompts, the skill and label questions.

The words stand in the text files of this package, or are a project's own (``core.prompts.texts``); here the sample is
put into them. Pure text: knows no tokenizer and no model. The demo's build scripts train the tiny models on these very
functions. ``own`` is everywhere a project's ``settings.prompts``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.parsing.steps import join_steps
from core.prompts.texts import (
    BUILT_IN,
    DEFAULT_FAMILY,
    Prompt,
    check_prompt,
    example_texts,
    fill,
    prompts_hash,
    prompts_in_use,
    text_of,
    texts_hash,
)
from core.types import Sample, Settings

__all__ = [
    "Prompt",
    "answer_cue",
    "candidate_text",
    "check_prompt",
    "context_text",
    "label_prompt",
    "letter",
    "options_text",
    "prompts_hash",
    "prompts_in_use",
    "rationale_prompt",
    "skill_prompt",
    "step_question",
    "step_settings",
    "student_prompt",
    "teacher_header",
    "teacher_step",
    "texts_hash",
]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter(index: int) -> str:
    """A, B, … Z, then AA, AB, … for the rare sample with more than 26 options."""
    return LETTERS[index] if index < 26 else LETTERS[index // 26 - 1] + LETTERS[index % 26]


def options_text(options: tuple[str, ...]) -> str:
    """ "(A) eleven (B) twelve", or "" for a free-form sample."""
    return " ".join(f"({letter(i)}) {option}" for i, option in enumerate(options))


def context_text(sample: Sample) -> str:
    """The sample's hint as it stands before the question, "" where it has none."""
    return f"Context: {sample.hint}" if sample.hint else ""


def student_prompt(sample: Sample, settings: Settings, family: str = DEFAULT_FAMILY) -> str:
    """The user turn that a student answers; blank lines left by what the sample lacks are removed.

    ``family`` is the student's ``config.model_type``: it chooses the built-in text where the project has none. A text
    without a place for the hint has it before the question, of which it is a part.
    """
    text, hint = text_of("student", settings.prompts, family), context_text(sample)
    question = f"{hint}\n{sample.question}" if hint and "{hint}" not in text else sample.question
    text = fill(text, hint=hint, question=question, options=options_text(sample.options))
    return "\n".join(line for line in text.splitlines() if line.strip())


def teacher_header(sample: Sample, prior: float | None, own: Mapping[str, str] = BUILT_IN) -> str:
    """Question, options and the prior on the truth (π, 0…1; None leaves it out); the steps and the cue follow.

    The prior is the paper's: "Option B holds a 60% probability of being correct" (Yao et al. 2025, section 3.2).
    """
    said = ""
    if prior is not None:
        truth = f"The answer {sample.answer}"
        if sample.answer in sample.options:
            truth = f"Option ({letter(sample.options.index(sample.answer))}) {sample.answer}"
        said = fill(text_of("teacher.prior", own), truth=truth, percent=str(round(prior * 100)))
    return fill(text_of("teacher.header", own), **_shown(sample), prior=said).strip()


def teacher_step(number: int, step: str, own: Mapping[str, str] = BUILT_IN) -> str:
    """One step as it is appended to the header; steps count from 1."""
    return " " + fill(text_of("teacher.step", own), number=str(number), step=step)


def answer_cue(own: Mapping[str, str] = BUILT_IN) -> str:
    """What follows header and steps, and is carried on by the answer."""
    return " " + fill(text_of("teacher.cue", own))


def candidate_text(candidates: tuple[str, ...], index: int, options: tuple[str, ...], as_letter: bool) -> str:
    """How a candidate continues the answer cue: " (B)" where it is an option and letters are scored, else its text."""
    if as_letter and candidates[index] in options:
        return f" ({letter(options.index(candidates[index]))})"
    return f" {candidates[index]}"


def skill_prompt(
    sample: Sample, steps: tuple[str, ...], mistake_step: int, shots: int, own: Mapping[str, str] = BUILT_IN
) -> str:
    """The few-shot prompt whose continuation is one phrase: the skill that the mistake step lacked."""
    case = fill(
        text_of("skill", own),
        **_shown(sample),
        truth=sample.answer,
        steps=join_steps(steps[:mistake_step]),
        number=str(mistake_step),
        step=steps[mistake_step - 1],
    )
    return _after_examples("skill.examples", shots, own, case)


def step_question(
    sample: Sample, steps: tuple[str, ...], number: int, shots: int, own: Mapping[str, str] = BUILT_IN
) -> Sample:
    """Whether step ``number`` is right, as a sample with two options: to be asked under ``step_settings``."""
    case = fill(
        text_of("step.check", own),
        **_shown(sample),
        truth=sample.answer,
        steps=join_steps(steps[: number - 1]),
        number=str(number),
        step=steps[number - 1],
    )
    asked = _after_examples("step.check.examples", shots, own, case)
    return Sample(id=sample.id, source_id=sample.source_id, question=asked, options=("right", "wrong"), answer="right")


def step_settings(settings: Settings) -> Settings:
    """Settings under which a question about a step is put bare: without a prior, and nothing before it."""
    return replace(settings, prompts=settings.prompts | {"teacher.header": "{question} {options}"})


def rationale_prompt(sample: Sample, written: Sequence[str], shots: int, own: Mapping[str, str] = BUILT_IN) -> str:
    """The prompt whose continuation is the next step, after those ``written``, on the way to the right answer."""
    case = fill(text_of("rationale", own), **_shown(sample), truth=sample.answer).strip()
    steps = [*written, ""]
    case += "".join(teacher_step(number, step, own) for number, step in enumerate(steps, 1)).rstrip()
    return _after_examples("rationale.examples", shots, own, case)


def label_prompt(sample: Sample, shots: int, own: Mapping[str, str] = BUILT_IN) -> str:
    """The prompt that labels a support sample with the skills it exercises."""
    response = sample.response or f"The answer is {sample.answer}."
    case = fill(text_of("label", own), **_shown(sample), response=response)
    return _after_examples("label.examples", shots, own, case)


def _shown(sample: Sample) -> dict[str, str]:
    """What a teacher may be shown of the question itself."""
    options = options_text(sample.options)
    return {"hint": context_text(sample), "lecture": sample.lecture, "question": sample.question, "options": options}


def _after_examples(name: str, shots: int, own: Mapping[str, str], case: str) -> str:
    return "".join(f"{example}\n\n" for example in example_texts(name, shots, own)) + case.strip()
