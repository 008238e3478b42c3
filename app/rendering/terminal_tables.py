"""How figures are written: a value with its interval, as text and as terminal tables.

Knows the shapes of results, not where they come from.
"""

from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from core.evaluation.comparison import gate
from core.types import Comparison, Interval

OUTCOMES = ("fixed", "broken", "still_wrong", "still_right")


def percent(interval: Interval) -> str:
    """For example: 53.9% (51.2% to 56.0%)."""
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def comparison_table(found: Comparison, rounds: tuple[int, int]) -> Group:
    """The paired comparison as terminal tables, saying which set it was measured on; the gate's sentences last."""
    old, new = rounds
    table = Table("", "value", title=f"Rounds {old} and {new} on the {found.role} set", title_justify="left")
    table.add_row(f"accuracy, round {old}", percent(found.before))
    table.add_row(f"accuracy, round {new}", percent(found.after))
    table.add_row("difference", percent(found.difference))
    table.add_row("exact McNemar p", f"{found.p_value:.2g}")
    for name in OUTCOMES:
        table.add_row(name.replace("_", " "), f"{len(getattr(found, name)):,}")
    judged = gate(found)
    said = Text(f"Gate {'passed' if judged.passed else 'FAILED'}: {judged.sentence}")
    return Group(table, *_group_tables(found, rounds), said)


def _group_tables(found: Comparison, rounds: tuple[int, int]) -> Iterator[Table]:
    for kind, groups in (("category", found.by_category), ("missing skill", found.by_skill)):
        if groups:
            columns = ("samples", f"round {rounds[0]}", f"round {rounds[1]}", "fixed", "broken", "p (Holm)")
            table = Table(kind, title=f"By {kind}, {found.role} set", title_justify="left")
            for name in columns:
                table.add_column(name, justify="right")
            for each in groups:
                counts = (f"{each.samples:,}", f"{each.before:.1%}", f"{each.after:.1%}", str(each.fixed))
                broken = f"{each.broken}{' !' if each.significantly_broken else ''}"
                table.add_row(Text(each.name), *counts, broken, f"{each.corrected:.2g}")
            yield table


def accuracy_table(accuracy: dict[str, dict[str, Any]]) -> Table:
    """The arms of an experiment with their 95 % intervals."""
    table = Table("", "test set (95 % interval)", "seeds")
    for arm, row in accuracy.items():
        shown = Interval(value=row["mean"], low=row["low"], high=row["high"])
        table.add_row(arm.replace("_", " "), percent(shown), str(row["seeds"]))
    return table
