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
class Comparison:
    """Two rounds on the same samples (ids); ``p_value`` is the exact two-sided McNemar p, ``difference`` accuracy after
    minus before with a paired bootstrap interval; ``by_category`` and ``by_skill`` map a name to (samples, correct
    before, correct after); what "correct" counts is the sum of scores where some lie between 0 and 1."""

    role: Role
    fixed: tuple[int, ...]
    broken: tuple[int, ...]
    still_wrong: tuple[int, ...]
    still_right: tuple[int, ...]
    before: Interval
    after: Interval
    difference: Interval
    p_value: float
    by_category: dict[str, tuple[int, float, float]]
    by_skill: dict[str, tuple[int, float, float]]
