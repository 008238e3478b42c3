"""Results as terminal tables, and a value with its confidence interval as text."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from core.evaluation.comparison import gate
from core.types import Comparison, Interval

OUTCOMES = ("fixed", "broken", "still_wrong", "still_right")


def format_interval(interval: Interval) -> str:
    """A share with its interval: "53.9% (51.2% to 56.0%)"."""
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def comparison_table(found: Comparison, rounds: tuple[int, int]) -> Group:
    """The paired comparison as terminal tables with the set that it was measured on; the gate's sentence comes last."""
    old, new = rounds
    table = Table("", "value", title=f"Rounds {old} and {new} on the {found.role} set", title_justify="left")
    table.add_row(f"accuracy, round {old}", format_interval(found.before))
    table.add_row(f"accuracy, round {new}", format_interval(found.after))
    table.add_row("difference", format_interval(found.difference))
    table.add_row("exact McNemar p", f"{found.p_value:.2g}")
    for name in OUTCOMES:
        table.add_row(name.replace("_", " "), f"{len(getattr(found, name)):,}")
    judged = gate(found)
    verdict = Text(f"Gate {'passed' if judged.passed else 'FAILED'}: {judged.sentence}")
    return Group(table, *_group_tables(found, rounds), verdict)


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
        table.add_row(arm.replace("_", " "), format_interval(shown), str(row["seeds"]))
    return table
