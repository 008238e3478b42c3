"""Retrieval and selection: hits, rulings, leaks and selections."""

from dataclasses import dataclass
from typing import Literal

from core.types.diagnoses import RoundId

RulingAct = Literal["pin", "remove", "clear"]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A support sample retrieved for a skill, with its BM25 score and the query words found in its skill label."""

    sample: int
    skill: str
    score: float
    terms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SkillDemand:
    """An accepted missing skill and the number of reviewed errors that need it."""

    skill: str
    errors: int


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A reviewer's ruling on the hits of a skill: on one support ``sample``, or on all samples of a source ``task``.

    "pin" puts them first, "remove" excludes them, "clear" withdraws an earlier ruling. Exactly one of ``sample`` and
    ``task`` is set.
    """

    id: int = 0
    skill: str
    act: RulingAct
    sample: int | None = None
    task: str | None = None
    reviewer: str = ""
    created: str = ""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A support sample left out because the validation or test sample ``measured`` has the same image or question.

    ``key`` is what they share: the SHA-256 of the image, or the question in the form that the check compares.
    """

    sample: int
    why: Literal["image", "question"]
    key: str
    measured: int


@dataclass(frozen=True, kw_only=True)
class SkillShare:
    """One skill in a selection: ``due`` of the budget, ``got`` samples, of which ``pinned`` by reviewers.

    ``matching`` support samples match the skill at all; the best has the score ``best`` and covers the share
    ``strength`` (in [0, 1], weighted by rarity) of the skill's words, all but ``lacking``. ``precision`` is the share
    of its hits that really exercise the skill, known only in the demo.
    """

    skill: str
    errors: int
    due: int
    got: int
    pinned: int = 0
    matching: int = 0
    best: float = 0.0
    strength: float = 0.0
    lacking: tuple[str, ...] = ()
    precision: float | None = None


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Two skills that would each have drawn the same ``samples`` (a count)."""

    one: str
    other: str
    samples: int


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What a selection consists of: its skills, (source task, samples) and overlaps, each with the most first."""

    skills: tuple[SkillShare, ...] = ()
    tasks: tuple[tuple[str, int], ...] = ()
    overlaps: tuple[Overlap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Selection:
    """An immutable training set: hits in the order chosen, and everything that determined it.

    ``leaked`` counts the support samples in ``leaks``. ``rulings`` are those in force for its skills. ``arm`` is
    "targeted" or another arm (whose hits have the skill ""). ``make_up`` is None in selections older than that field.
    """

    id: int = 0
    project: int
    round: RoundId
    support: str
    arm: str = "targeted"
    budget: int
    seed: int
    demands: tuple[SkillDemand, ...]
    hits: tuple[Hit, ...]
    leaked: int
    rulings: tuple[Ruling, ...] = ()
    leaks: tuple[Leak, ...] = ()
    make_up: Composition | None = None
    created: str = ""
