"""Measurements: a value with its interval, and two rounds on the same samples."""

from dataclasses import dataclass

from core.types.diagnoses import RoundId
from core.types.samples import Role


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its 95 % interval: ``low`` ≤ ``value`` ≤ ``high``."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GroupChange:
    """How the samples of one group (a category or a skill) changed between two rounds; the four counts add up to the
    group.

    ``before`` and ``after`` are accuracies (mean scores in [0, 1]). ``p_value`` is the exact two-sided McNemar p of the
    group, ``corrected`` the p after Holm's correction (1979) over all groups listed with it. ``significantly_broken``:
    ``corrected`` < 0.05 and more samples broke than were fixed.
    """

    name: str
    fixed: int
    broken: int
    still_wrong: int
    still_right: int
    before: float
    after: float
    p_value: float
    corrected: float
    significantly_broken: bool

    @property
    def samples(self) -> int:
        """The number of samples in the group."""
        return self.fixed + self.broken + self.still_wrong + self.still_right


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The regression gate of a round: ``passed`` when nothing broke significantly; ``findings`` say what did, or
    that nothing did."""

    passed: bool
    findings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All findings as one text."""
        return " ".join(self.findings)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two rounds on the same samples (ids).

    ``p_value`` is the exact two-sided McNemar p, ``difference`` the accuracy after minus before with a paired bootstrap
    interval. ``by_category`` and ``by_skill`` are sorted by name.
    """

    role: Role
    fixed: tuple[int, ...]
    broken: tuple[int, ...]
    still_wrong: tuple[int, ...]
    still_right: tuple[int, ...]
    before: Interval
    after: Interval
    difference: Interval
    p_value: float
    by_category: tuple[GroupChange, ...]
    by_skill: tuple[GroupChange, ...]


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """A user's choice of the round that a project builds on; append-only, the newest counts.

    ``passed`` and ``findings`` are the gate's when ``round`` was compared with ``against`` (None: nothing to compare
    with) on the set ``role`` ("": none); ``reason`` is why it was adopted despite the gate.
    """

    id: int = 0
    project: int
    round: RoundId
    against: RoundId | None
    role: str
    passed: bool
    findings: tuple[str, ...]
    reviewer: str
    reason: str = ""
    created: str = ""
