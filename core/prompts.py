"""Every text a model is shown, in one place: the student's question, the teacher's prompts, the skill examples.

Pure text: knows no tokenizer and no model. The demo's build scripts train the tiny models on these very functions.
"""

from core.rationale import join_steps
from core.types import Sample, Settings

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ANSWER_CUE = " The answer is"


def letter(index: int) -> str:
    """A, B, … Z, then AA, AB, … for the rare sample with more than 26 options."""
    return LETTERS[index] if index < 26 else LETTERS[index // 26 - 1] + LETTERS[index % 26]


def options_text(options: tuple[str, ...]) -> str:
    """ "(A) eleven (B) twelve", or "" for a free-form sample."""
    return " ".join(f"({letter(i)}) {option}" for i, option in enumerate(options))


def context_text(sample: Sample) -> str:
    """The sample's hint as it stands before the question, "" where it has none."""
    return f"Context: {sample.hint}" if sample.hint else ""


def student_prompt(sample: Sample, settings: Settings) -> str:
    """The user turn the student answers; blank lines left by a free-form sample are removed."""
    question = f"{context_text(sample)}\n{sample.question}" if sample.hint else sample.question
    text = settings.student_prompt.format(question=question, options=options_text(sample.options))
    return "\n".join(line for line in text.splitlines() if line.strip())


def _asked(sample: Sample) -> str:
    return f"{context_text(sample)} Question: {sample.question} {options_text(sample.options)}".strip()


def teacher_header(sample: Sample, prior: float | None) -> str:
    """Question, options and the prior on the truth (π, 0…1; None leaves it out); the steps and the cue follow.

    The prior is the paper's: "Option B holds a 60% probability of being correct" (Yao et al. 2025, section 3.2).
    """
    if prior is None:
        return _asked(sample)
    truth = f"The answer {sample.answer}"
    if sample.answer in sample.options:
        truth = f"Option ({letter(sample.options.index(sample.answer))}) {sample.answer}"
    return f"{_asked(sample)} {truth} holds a {round(prior * 100)}% probability of being correct."


def teacher_step(number: int, step: str) -> str:
    """One step as it is appended to the header; steps count from 1."""
    return f" Step {number}: {step}"


def candidate_text(candidates: tuple[str, ...], index: int, options: tuple[str, ...], as_letter: bool) -> str:
    """How a candidate continues the answer cue: " (B)" where it is an option and letters are scored, else its text."""
    if as_letter and candidates[index] in options:
        return f" ({letter(options.index(candidates[index]))})"
    return f" {candidates[index]}"


def skill_prompt(sample: Sample, steps: tuple[str, ...], mistake_step: int, shots: int) -> str:
    """The few-shot prompt whose continuation is one phrase: the skill that the mistake step lacked."""
    examples = "".join(f"{text} {phrase}.\n\n" for text, phrase in SKILL_EXAMPLES[:shots])
    return examples + _skill_case(_asked(sample), sample.answer, steps[:mistake_step])


def _skill_case(asked: str, truth: str, steps: tuple[str, ...]) -> str:
    last = len(steps)
    return (
        f"{asked} The correct answer is {truth}. {join_steps(steps)} "
        f"The first wrong step is Step {last}: {steps[-1]} Missing skill:"
    )


def label_prompt(sample: Sample, shots: int) -> str:
    """The prompt that labels a support sample with the skills it exercises."""
    examples = "".join(f"{text} Required skills: {phrase}.\n\n" for text, phrase in LABEL_EXAMPLES[:shots])
    return examples + f"{_asked(sample)} {sample.response or 'The answer is ' + sample.answer + '.'} Required skills:"


SKILL_EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        _skill_case(
            "Question: How many apples are on the table? (A) 3 (B) 4 (C) 5",
            "4",
            ("There is a table with a bowl on it.", "There are 3 apples in the bowl and none beside it."),
        ),
        "Counting objects including partly hidden ones",
    ),
    (
        _skill_case(
            "Question: Which magnet pair attracts more strongly? (A) Pair 1 (B) Pair 2",
            "Pair 1",
            ("The distance in pair 1 is 2 cm.", "The distance in pair 2 is 5 cm.", "More distance means more force."),
        ),
        "Knowledge of how distance affects magnetic force",
    ),
    (
        _skill_case(
            "Question: What does the sign say?",
            "EXIT",
            ("The sign is green with white letters.", "The letters read EXIST."),
        ),
        "Reading text in natural images",
    ),
    (
        _skill_case(
            "Question: What is left of the red cube? (A) a ball (B) a cone",
            "a cone",
            ("The red cube is in the middle.", "The object at its left side is a ball."),
        ),
        "Spatial relation understanding between objects",
    ),
)

LABEL_EXAMPLES: tuple[tuple[str, str], ...] = (
    ("Question: What is written on the bus? The bus shows 42. The answer is 42.", "reading text in images"),
    ("Question: Are there more cats? Two cats, one dog. The answer is yes.", "counting objects; comparing numbers"),
    ("Question: What is the capital of the marked state? The answer is Boston.", "map reading; knowledge of capitals"),
    ("Question: Which emotion does the face show? The answer is joy.", "facial expression recognition"),
)
