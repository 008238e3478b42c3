"""The first pair of turns of a table's row that has a history, as alpaca's and ms-swift's rows do.

``history`` is a list of earlier (question, reply) pairs. The row's own question refers to them ("And the other
one?"), so the first pair is imported, as from a conversation.
"""

from collections.abc import Mapping
from typing import Any

from core.importers.fields.cell_lists import list_in_text
from core.importers.results import RowError

_HISTORY = "history"


def first_turn(row: Mapping[str, Any], mapping: Mapping[str, str]) -> Mapping[str, Any]:
    """The row with its first question and reply in place of the last ones; a row without a history as it is.

    Raises RowError where the row has options, which belong to the last question.
    """
    pairs = _pairs(row.get(_HISTORY))
    if not pairs or _HISTORY in mapping.values():
        return row
    asked = mapping["question"].split("|") if mapping["question"] not in row else [mapping["question"]]
    if "options" in mapping and mapping["options"] != mapping["question"]:
        raise RowError(
            _HISTORY, "The question follows earlier turns (“history”): a sample is one question, without them."
        )
    replies = {mapping[field]: pairs[0][1] for field in ("answer", "response") if field in mapping}
    return {**row, **dict.fromkeys(asked, ""), asked[0]: pairs[0][0], **replies}


def _pairs(cell: Any) -> list[list[str]]:
    """The pairs of a history, [] for anything else."""
    if isinstance(cell, str):
        try:
            cell = list_in_text(cell)
        except RowError:
            return []
    if not isinstance(cell, list | tuple):
        return []
    pairs = [list(each) for each in cell if isinstance(each, list | tuple)]
    whole = len(pairs) == len(cell) and all(
        len(each) == 2 and all(isinstance(text, str) for text in each) for each in pairs
    )
    return pairs if whole else []
