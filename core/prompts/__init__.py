"""Build what a model is shown of a sample: the student's question, and the teacher's prompts for curves, skills and
labels.

The texts are files in this package or a project's own (``core.prompts.texts``). ``overrides`` is always a project's
``settings.prompts``. The demo's build scripts train its models on these same functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.parsing.steps import join_steps
from core.prompts.texts import BUILT_IN, DEFAULT_FAMILY, example_texts, fill, text_of
from core.types import Sample, Settings

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def option_letter(index: int) -> str:
    """A, B, … Z, then AA, AB, … for samples with more than 26 options."""
    return LETTERS[index] if index < 26 else LETTERS[index // 26 - 1] + LETTERS[index % 26]


def options_text(options: tuple[str, ...]) -> str:
    """ "(A) eleven (B) twelve", or "" for a free-form sample."""
    return " ".join(f"({option_letter(i)}) {option}" for i, option in enumerate(options))


def _context_text(sample: Sample) -> str:
    """The sample's hint as shown before the question, "" without one."""
    return f"Context: {sample.hint}" if sample.hint else ""


def student_prompt(sample: Sample, settings: Settings, family: str = DEFAULT_FAMILY) -> str:
    """The user turn that a student answers, without empty lines.

    ``family`` is the student's ``config.model_type`` and selects the built-in text where the project has none of its
    own. Where the text has no placeholder for the hint, the hint is put before the question.
    """
    text, hint = text_of("student", settings.prompts, family), _context_text(sample)
    question = f"{hint}\n{sample.question}" if hint and "{hint}" not in text else sample.question
    text = fill(text, hint=hint, question=question, options=options_text(sample.options))
    return "\n".join(line for line in text.splitlines() if line.strip())


def teacher_header(sample: Sample, prior: float | None, overrides: Mapping[str, str] = BUILT_IN) -> str:
    """Question, options and the prior on the truth (π in [0, 1]; None for no prior). Steps and the cue follow it.

    The prior is the paper's "Option B holds a 60% probability of being correct" (Yao et al. 2025, section 3.2).
    """
    prior_text = ""
    if prior is not None:
        truth = f"The answer {sample.answer}"
        if sample.answer in sample.options:
            truth = f"Option ({option_letter(sample.options.index(sample.answer))}) {sample.answer}"
        prior_text = fill(text_of("teacher.prior", overrides), truth=truth, percent=str(round(prior * 100)))
    return fill(text_of("teacher.header", overrides), **_question_fields(sample), prior=prior_text).strip()


def teacher_step(number: int, step: str, overrides: Mapping[str, str] = BUILT_IN) -> str:
    """One step as appended to the header; ``number`` counts from 1."""
    return " " + fill(text_of("teacher.step", overrides), number=str(number), step=step)


def answer_cue(overrides: Mapping[str, str] = BUILT_IN) -> str:
    """The text after header and steps that the answer continues."""
    return " " + fill(text_of("teacher.cue", overrides))


def candidate_text(candidates: tuple[str, ...], index: int, options: tuple[str, ...], as_letter: bool) -> str:
    """How a candidate continues the answer cue: " (B)" for an option when letters are scored, else its text."""
    if as_letter and candidates[index] in options:
        return f" ({option_letter(options.index(candidates[index]))})"
    return f" {candidates[index]}"


def skill_prompt(
    sample: Sample, steps: tuple[str, ...], mistake_step: int, shots: int, overrides: Mapping[str, str] = BUILT_IN
) -> str:
    """The few-shot prompt for the skill missing at the mistake step, to be continued by one phrase."""
    case = fill(
        text_of("skill", overrides),
        **_question_fields(sample),
        truth=sample.answer,
        steps=join_steps(steps[:mistake_step]),
        number=str(mistake_step),
        step=steps[mistake_step - 1],
    )
    return _after_examples("skill.examples", shots, overrides, case)


def step_question(
    sample: Sample, steps: tuple[str, ...], number: int, shots: int, overrides: Mapping[str, str] = BUILT_IN
) -> Sample:
    """Whether step ``number`` is right, as a sample with two options; to be asked under ``step_settings``."""
    case = fill(
        text_of("step.check", overrides),
        **_question_fields(sample),
        truth=sample.answer,
        steps=join_steps(steps[: number - 1]),
        number=str(number),
        step=steps[number - 1],
    )
    asked = _after_examples("step.check.examples", shots, overrides, case)
    return Sample(id=sample.id, source_id=sample.source_id, question=asked, options=("right", "wrong"), answer="right")


def step_settings(settings: Settings) -> Settings:
    """The settings for ``step_question``: no prior, and nothing before the question."""
    return replace(settings, prompts=settings.prompts | {"teacher.header": "{question} {options}"})


def rationale_prompt(
    sample: Sample, written: Sequence[str], shots: int, overrides: Mapping[str, str] = BUILT_IN
) -> str:
    """The prompt whose continuation is the next step towards the correct answer, after the steps ``written``."""
    case = fill(text_of("rationale", overrides), **_question_fields(sample), truth=sample.answer).strip()
    steps = [*written, ""]
    case += "".join(teacher_step(number, step, overrides) for number, step in enumerate(steps, 1)).rstrip()
    return _after_examples("rationale.examples", shots, overrides, case)


def stricter_prompt(prompt: str, overrides: Mapping[str, str] = BUILT_IN) -> str:
    """The prompt for a skill or a label once more, after a reply that named no skill."""
    return fill(text_of("skill.again", overrides), prompt=prompt)


def label_prompt(sample: Sample, shots: int, overrides: Mapping[str, str] = BUILT_IN) -> str:
    """The prompt for the skill label of a support sample."""
    response = sample.response or f"The answer is {sample.answer}."
    case = fill(text_of("label", overrides), **_question_fields(sample), response=response)
    return _after_examples("label.examples", shots, overrides, case)


def _question_fields(sample: Sample) -> dict[str, str]:
    """The fields of the question that a teacher may see."""
    options = options_text(sample.options)
    return {"hint": _context_text(sample), "lecture": sample.lecture, "question": sample.question, "options": options}


def _after_examples(name: str, shots: int, overrides: Mapping[str, str], case: str) -> str:
    return "".join(f"{example}\n\n" for example in example_texts(name, shots, overrides)) + case.strip()
