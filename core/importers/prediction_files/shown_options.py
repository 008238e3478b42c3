"""The options that a row of predictions shows, held against the sample's: a letter means what the model was shown.

Evaluation programs may shuffle the options before they ask (inspect's shuffle_choices, HELM's output mapping, MMBench's
rotations). Read with the sample's own order, such a reply would name another option.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from core.importers.fields.column_names import FIELDS, candidates
from core.importers.fields.option_cells import tried_options
from core.importers.results import RowError
from core.parsing.normalisation import normalise
from core.types import Sample

_DOC = "doc"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAX_SHOWN = 60


def refuse_other_order(row: Mapping[str, Any], sample: Sample) -> None:
    """Raises RowError where the row's options are the sample's in another order."""
    if not sample.options:
        return
    own = [normalise(each) for each in sample.options]
    for shown in _shown(row):
        told = [normalise(each) for each in shown]
        if told != own and len(set(own)) == len(own) and sorted(told) == sorted(own):
            at = next(at for at, (one, two) in enumerate(zip(told, own, strict=True)) if one != two)
            letter, one, two = _LETTERS[at % 26], shown[at][:_MAX_SHOWN], sample.options[at][:_MAX_SHOWN]
            raise RowError(
                "options",
                f"The model was shown the options in another order: {letter} is “{one}” in this row and “{two}” in the "
                "sample, so its letters mean other options: import the samples with the order that it was shown.",
            )


def _shown(row: Mapping[str, Any]) -> list[list[str]]:
    """The options that the row repeats: in a column, in its ``doc``, or in columns A, B, …."""
    doc = row.get(_DOC)
    cells = [
        each[name]
        for each in (row, doc if isinstance(doc, dict) else {})
        for name in candidates([*each], FIELDS["options"])
    ]
    lettered = [str(row[letter]) for letter in takewhile(row.__contains__, _LETTERS) if row[letter] not in (None, "")]
    return [found for found in (*map(tried_options, cells), lettered) if len(found) > 1]
