"""Model output and what is read from it: a student's predictions, a teacher's curves and diagnoses."""

from dataclasses import dataclass
from typing import Literal, NewType

RoundId = NewType("RoundId", int)
"""The row id of a round, which is never its number in the project."""

SwitchStatus = Literal["switched", "no_switch", "prior_ignored", "no_steps"]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A student's rationale and answer for one sample in one round.

    ``text`` is the raw output; ``answer`` is None when it could not be read ("unclear", never guessed). ``reading``
    names the rule that read it, ``span`` the characters of ``text`` it was read from, and ``read_confidence`` how
    reliable that is, in [0, 1]. ``score`` is the VQA accuracy where several human answers are given; None: 1 or 0, as
    ``correct`` says. ``reading_version`` is that of the reading rules (0: before they were counted).
    """

    round: RoundId
    sample: int
    text: str
    steps: tuple[str, ...]
    answer: str | None
    reading: str
    span: tuple[int, int] | None = None
    correct: bool
    score: float | None = None
    read_confidence: float = 1.0
    reading_version: int = 0


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The answer-switch curve: ``probabilities[k][c]`` is the teacher's probability of candidate c after k steps.

    Shape (n + 1, len(candidates)); each row sums to 1. ``truth`` and ``predicted`` are indices into ``candidates``.
    ``votes`` is the number of sampled replies behind each row (0: the model's own probabilities). ``bounded`` lists the
    pairs (k, c) for which only an upper bound is known, because the endpoint did not list that candidate.
    """

    candidates: tuple[str, ...]
    truth: int
    predicted: int
    probabilities: tuple[tuple[float, ...], ...]
    votes: int = 0
    bounded: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Where the curve switches: ``mistake_step`` in 1…n (None only without steps), ``confidence`` in [0, 1]."""

    status: SwitchStatus
    mistake_step: int | None
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Curve, mistake step, skill and confidence, with the π, δ and λ used, so that it can be re-read later.

    ``prompts`` is a short hash of the prompt texts that the teacher was shown ("" in diagnoses older than the hash).
    ``skill_step`` is the step that the skill was named for: another δ or λ may move the mistake step away from it.
    """

    round: RoundId
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
