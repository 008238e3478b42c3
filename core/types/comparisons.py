"""What is measured: a figure with its interval, and two rounds on the same samples."""

from dataclasses import dataclass

from core.types.samples import Role


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure with its interval: ``low`` ≤ ``value`` ≤ ``high`` at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GroupChange:
    """What became of one group's samples (a category, a skill) between two rounds: four counts that add up to it.

    ``before`` and ``after`` are its accuracies (mean scores, 0 to 1). ``p_value`` is the exact two-sided McNemar p of
    this group alone, ``corrected`` the same after Holm (1979) over all groups that it is listed with.
    ``significantly_broken``: ``corrected`` is under 0.05, and more broke than was fixed.
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
        """How many samples the group has."""
        return self.fixed + self.broken + self.still_wrong + self.still_right


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Whether a round may follow another without a word: ``findings`` say what broke significantly, else that nothing
    did."""

    passed: bool
    findings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All findings in one text."""
        return " ".join(self.findings)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two rounds on the same samples (ids); ``p_value`` is the exact two-sided McNemar p, ``difference`` accuracy after
    minus before with a paired bootstrap interval; ``by_category`` and ``by_skill`` are in the order of their names."""

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
    """A person's choice of the round that a project builds on; append-only, the newest counts.

    ``passed`` and ``findings`` are what the gate said when ``round`` was held against the round ``against`` (None:
    there was none) on the set ``role`` ("": on none); ``reason`` is why it was adopted all the same.
    """

    id: int = 0
    project: int
    round: int
    against: int | None
    role: str
    passed: bool
    findings: tuple[str, ...]
    reviewer: str
    reason: str = ""
    created: str = ""
