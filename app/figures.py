"""How figures are written: a value with its interval, as text and as terminal tables.

Knows the shapes of results, not where they come from.
"""

from typing import Any

from rich.table import Table

from core.types import Comparison, Interval


def percent(interval: Interval) -> str:
    """For example: 53.9% (51.2% to 56.0%)."""
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def comparison_table(found: Comparison, rounds: tuple[int, int]) -> Table:
    """The paired comparison, saying which set it was measured on."""
    table = Table(
        "", "value", title=f"Rounds {rounds[0]} and {rounds[1]} on the {found.role} set", title_justify="left"
    )
    table.add_row(f"accuracy, round {rounds[0]}", percent(found.before))
    table.add_row(f"accuracy, round {rounds[1]}", percent(found.after))
    table.add_row("difference", percent(found.difference))
    table.add_row("McNemar p", f"{found.p_value:.2g}")
    for name in ("fixed", "broken", "still_wrong", "still_right"):
        table.add_row(name.replace("_", " "), str(len(getattr(found, name))))
    return table


def accuracy_table(accuracy: dict[str, dict[str, Any]]) -> Table:
    """The arms of an experiment with their 95 % intervals."""
    table = Table("", "test set (95 % interval)", "seeds")
    for arm, row in accuracy.items():
        shown = Interval(value=row["mean"], low=row["low"], high=row["high"])
        table.add_row(arm.replace("_", " "), percent(shown), str(row["seeds"]))
    return table
