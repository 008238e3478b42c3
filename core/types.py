"""The nouns of the method, one frozen shape each; ``storage.tables`` uses the same field names.

Knows no verb, no model and no database. ``id``, ``sample``, ``round`` … are the integers that storage hands out
(0 before a thing is stored). Steps are counted from 1, as a person counts them; 0 means "before any step".
"""

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["validation", "test", "support"]
SwitchStatus = Literal["switched", "no_switch", "prior_ignored", "no_steps"]
Verdict = Literal["accepted", "edited", "rejected", "skipped", "label_wrong", "misread", "cleared"]
JobKind = Literal["predict", "diagnose", "label", "tune"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled question.

    ``image`` is the content hash of its bytes (None: text only); ``options`` is empty for free-form questions;
    ``answer`` is the truth as text (with options exactly one of them); ``response`` is the assistant turn that tuning
    learns from and ``skill_label`` names the skills it exercises (support samples)."""

    id: int = 0
    source_id: str
    question: str
    options: tuple[str, ...] = ()
    answer: str
    category: str = ""
    task: str = ""
    response: str = ""
    skill_label: str = ""
    image: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A student's rationale and answer for one sample in one round.

    ``text`` is the untouched output; ``answer`` is None when it could not be read ("unclear", never guessed);
    ``reading`` names the rule that read it, ``span`` the characters of ``text`` it was read from.
    """

    round: int
    sample: int
    text: str
    steps: tuple[str, ...]
    answer: str | None
    reading: str
    span: tuple[int, int] | None = None
    correct: bool


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The answer-switch curve: ``probabilities[k][c]`` is the teacher's probability of candidate c after k steps.

    Shape (n + 1, len(candidates)); each row sums to 1. ``truth`` and ``predicted`` index ``candidates``."""

    candidates: tuple[str, ...]
    truth: int
    predicted: int
    probabilities: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Where the curve switches: ``mistake_step`` in 1…n (None only when there are no steps), confidence in [0, 1]."""

    status: SwitchStatus
    mistake_step: int | None
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Curve, mistake step, skill, and how sure; δ, λ and π are stored with each, so that it can be re-read."""

    round: int
    sample: int
    curve: Curve
    switch: Switch
    skill: str
    prior: float
    delta: float
    lam: int
    teacher: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """A person's verdict on a diagnosis. Append-only: the newest row of (round, sample) counts; "cleared" is an undo.

    ``mistake_step`` and ``skill`` are what the person wants used (the diagnosis's own when accepted as it is);
    ``answer`` is the corrected reading for the verdict "misread".
    """

    id: int = 0
    round: int
    sample: int
    reviewer: str
    verdict: Verdict
    mistake_step: int | None = None
    skill: str = ""
    answer: str | None = None
    note: str = ""
    created: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a reviewer typed on a case and has not decided; ``created`` is when they typed last."""

    round: int
    sample: int
    reviewer: str
    mistake_step: int | None = None
    skill: str = ""
    answer: str | None = None
    note: str = ""
    created: str = ""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A support sample retrieved for a skill: its BM25 score and the query words found in its skill label."""

    sample: int
    skill: str
    score: float
    terms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SkillDemand:
    """An accepted missing skill and how many reviewed errors ask for it."""

    skill: str
    errors: int


@dataclass(frozen=True, kw_only=True)
class Selection:
    """An immutable training set: hits in the order chosen, and everything that made it.

    ``leaked`` counts support samples left out because their image or question is also in the validation or test set;
    ``arm`` is "targeted", or "random" for the comparison arm (its hits have the skill "").
    """

    id: int = 0
    project: int
    round: int
    support: str
    arm: str = "targeted"
    budget: int
    seed: int
    demands: tuple[SkillDemand, ...]
    hits: tuple[Hit, ...]
    leaked: int
    created: str = ""


@dataclass(frozen=True, kw_only=True)
class Update:
    """One point of a tuning run's progress, after ``number`` optimizer updates of ``total``."""

    run: int
    number: int
    total: int
    epoch: float
    loss: float
    learning_rate: float
    samples_per_second: float


@dataclass(frozen=True, kw_only=True)
class TuningSettings:
    """LoRA settings (Hu et al. 2021; PEFT). Defaults are LLaVA-1.5's LoRA recipe without its projector rate.

    ``batch_size`` samples per forward × ``accumulation`` forwards make one update.
    """

    rank: int = 128
    alpha: int = 256
    dropout: float = 0.0
    learning_rate: float = 2e-4
    epochs: float = 1.0
    batch_size: int = 8
    accumulation: int = 2
    warmup: float = 0.03
    max_grad_norm: float = 1.0
    seed: int = 0
    checkpoint_every: int = 50
    max_length: int = 2048


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's settings.

    ``student_prompt`` is a ``str.format`` template with ``{question}`` and ``{options}``. ``candidates_as`` says how
    the teacher scores an option: by its letter ("letter", real models) or its text ("text", the demo's tiny teacher).
    ``skill_shots`` is how many of the built-in examples precede a skill question (0 for the demo's teacher, which was
    trained on the bare form). ``support`` names the support set selections are drawn from ("" = the only one there is).
    """

    student_prompt: str = (
        "{question}\n{options}\nReason in numbered steps, one line each, starting with 'Step 1:'. "
        "Then finish with one line: 'The answer is' and your answer."
    )
    max_new_tokens: int = 384
    batch_size: int = 16
    prior: float = 0.6
    delta: float = 0.0
    lam: int = 2
    candidates_as: Literal["letter", "text"] = "letter"
    skill_shots: int = 4
    support: str = ""
    seed: int = 0
    tuning: TuningSettings = field(default_factory=TuningSettings)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One refused row of an import: file and line as a person counts them, the field, and the reason in a sentence."""

    file: str
    line: int
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure with its interval: ``low`` ≤ ``value`` ≤ ``high`` at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two rounds on the same samples (ids); ``p_value`` is the exact two-sided McNemar p, ``difference`` accuracy after
    minus before with a paired bootstrap interval; ``by_category`` and ``by_skill`` map a name to (samples, correct
    before, correct after)."""

    role: Role
    fixed: tuple[int, ...]
    broken: tuple[int, ...]
    still_wrong: tuple[int, ...]
    still_right: tuple[int, ...]
    before: Interval
    after: Interval
    difference: Interval
    p_value: float
    by_category: dict[str, tuple[int, int, int]]
    by_skill: dict[str, tuple[int, int, int]]
