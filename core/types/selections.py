"""The nouns of retrieval and selection: hits, rulings, leaks, selections."""

from dataclasses import dataclass
from typing import Literal

RulingAct = Literal["pin", "remove", "clear"]


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
class Ruling:
    """A person's word on the hits of a skill: on one support ``sample``, or on all of a source ``task``.

    "pin" puts it first, "remove" has it never drawn, "clear" takes back what was said before. Exactly one of ``sample``
    and ``task`` is not None.
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
    """A support sample that was left out because the validation or test sample ``measured`` holds the same.

    ``key`` is what both have: the SHA-256 of the image's content, or the question as the check compares it.
    """

    sample: int
    why: Literal["image", "question"]
    key: str
    measured: int


@dataclass(frozen=True, kw_only=True)
class SkillShare:
    """One skill in a selection: it was due ``due`` of the budget, got ``got``, of which ``pinned`` by a person.

    ``matching`` support samples match it at all; the best of them has the score ``best`` and holds the share
    ``strength`` (0…1, by rarity) of the skill's words, all but those in ``lacking``. ``precision`` is the share of its
    hits that exercise it in truth, known in the demo's world alone.
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
    """Two skills that would both have drawn the same ``samples`` (a number) with their own turns."""

    one: str
    other: str
    samples: int


@dataclass(frozen=True, kw_only=True)
class MakeUp:
    """What a selection is made of: its skills as demanded, (source task, samples) and overlaps, most first."""

    skills: tuple[SkillShare, ...] = ()
    tasks: tuple[tuple[str, int], ...] = ()
    overlaps: tuple[Overlap, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Selection:
    """An immutable training set: hits in the order chosen, and everything that made it.

    ``leaked`` counts the support samples in ``leaks``, left out because their image or question is also in the
    validation or test set; ``rulings`` are those that stood for its skills. ``arm`` is "targeted", or what else chose
    (then its hits have the skill ""). ``make_up`` is None where a selection is older than this account.
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
    rulings: tuple[Ruling, ...] = ()
    leaks: tuple[Leak, ...] = ()
    make_up: MakeUp | None = None
    created: str = ""
