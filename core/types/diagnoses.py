"""What models say: a student's predictions, a teacher's curves and what is read from them."""

from dataclasses import dataclass
from typing import Literal

SwitchStatus = Literal["switched", "no_switch", "prior_ignored", "no_steps"]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A student's rationale and answer for one sample in one round.

    ``text`` is the untouched output; ``answer`` is None when it could not be read ("unclear", never guessed);
    ``reading`` names the rule that read it, ``span`` the characters of ``text`` it was read from, ``read_confidence``
    how sure that rule is, in [0, 1]. ``score`` is the share of full credit where several truths are given (VQA
    accuracy); None: 1 or 0, as ``correct`` says.
    """

    round: int
    sample: int
    text: str
    steps: tuple[str, ...]
    answer: str | None
    reading: str
    span: tuple[int, int] | None = None
    correct: bool
    score: float | None = None
    read_confidence: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The answer-switch curve: ``probabilities[k][c]`` is the teacher's probability of candidate c after k steps.

    Shape (n + 1, len(candidates)); each row sums to 1. ``truth`` and ``predicted`` index ``candidates``. ``votes`` is
    how many sampled replies stand behind each row (0: the model's own probabilities); ``bounded`` are the pairs (k, c)
    of which only an upper bound is known, because the teacher did not report that candidate.
    """

    candidates: tuple[str, ...]
    truth: int
    predicted: int
    probabilities: tuple[tuple[float, ...], ...]
    votes: int = 0
    bounded: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Where the curve switches: ``mistake_step`` in 1…n (None only when there are no steps), confidence in [0, 1]."""

    status: SwitchStatus
    mistake_step: int | None
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Curve, mistake step, skill, and how sure; δ, λ and π are stored with each, so that it can be re-read.

    ``prompts`` names the texts that the teacher was shown: a short hash of them ("" before they had one).
    ``skill_step`` is the step that the skill was named for: a re-reading may move the mistake step away from it.
    """

    round: int
    sample: int
    curve: Curve
    switch: Switch
    skill: str
    prior: float
    delta: float
    lam: int
    teacher: str
    prompts: str = ""
    skill_step: int | None = None
