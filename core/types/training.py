"""From missing skills to an adapter: hits, selections and the progress of a tuning run."""

from dataclasses import dataclass


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
