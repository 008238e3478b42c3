"""Rows of one file that belong to the same sample: the same reply once more, or another one.

lm-evaluation-harness writes each reply once for every filter of its answers, one filter behind the other.
"""

from core.importers.results import ImportedPrediction, RowError

_MAX_SHOWN = 60


def settled(first: ImportedPrediction, again: ImportedPrediction) -> ImportedPrediction | RowError:
    """The prediction of a sample that has two rows, or what is wrong with the second."""
    if again.text != first.text:
        reason = (
            f"Sample “{first.source_id}” has another reply on an earlier line: a round has one for each, so keep one."
        )
        return RowError("id", reason)
    if again.answer is None or again.answer == first.answer:
        return first
    if first.answer is None:
        return again
    told = f"“{again.answer[:_MAX_SHOWN]}” here and “{first.answer[:_MAX_SHOWN]}” on an earlier line"
    reason = f"The same reply to sample “{first.source_id}” is given the answer {told}: keep one of these rows."
    return RowError("prediction", reason)


def repeated_note(rows: int) -> str:
    """What is said of rows that repeat a reply."""
    many = "1 row repeats the reply" if rows == 1 else f"{rows:,} rows repeat the reply"
    return f"{many} of an earlier one to the same sample, as files with several filters do: each reply is read once."
