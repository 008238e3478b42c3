"""Options whose cell says which label each has: {"text": […], "label": […]}, {"A": …}, [{"label", "text"}], ["A. …"].

Labels decide the order and which option an answer means, wherever the options stand in the list: a model is shown the
first one as A. A letter that is left out would move all later options, so such a row is refused.
"""

import re
from collections.abc import Sequence
from typing import Any

from core.importers.cells import is_empty
from core.importers.fields.cell_lists import list_in_text
from core.importers.fields.cells_as_text import cell_text, item_text
from core.importers.results import RowError

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LABEL_NAMES = ("label", "letter", "key", "option_label", "choice_label")
_TEXT_LISTS = ("text", "texts", "options", "choices")
_PREFIX = re.compile(r"\(?([A-Za-z])[).:][ \t]*(?=\S)")
_MARKS = "().: \t"
Labelled = list[tuple[str, Any]]


def ordered_options(value: Any) -> list[str]:
    """The options in a cell that is no plain text, in the order of their labels; "" for an empty one before others.

    Raises RowError where labels are repeated or one is left out, or an option is no text.
    """
    value = _unpacked(value)
    items = labelled(value)
    texts = [cell for _, cell in _by_label(items)] if items else _plain(value)
    found = ["" if is_empty(each) else cell_text(item_text(each, "options")) for each in texts]
    while found and not found[-1]:
        found.pop()
    return found


def by_label(value: Any, answer: Any) -> Any:
    """The letter of the option whose numeral an answer is; any other answer as it is."""
    if is_empty(answer) or isinstance(answer, dict | list | bool):
        return answer
    try:
        labels = sorted((label for label, _ in labelled(_unpacked(value))), key=_place)
    except RowError:  # the row is refused where its options are read
        return answer
    at = labels.index(cell_text(answer)) if cell_text(answer) in labels else -1
    return _LETTERS[at] if 0 <= at < len(_LETTERS) and labels[at].isdecimal() else answer


def labelled(value: Any) -> Labelled:
    """The labels and options of a cell in its order, [] where not every option has a letter or a number."""
    found: Labelled = []
    if isinstance(value, dict):
        texts = next((value[name] for name in _TEXT_LISTS if isinstance(value.get(name), list)), None)
        labels = next((each for name, each in value.items() if name.rstrip("s") in _LABEL_NAMES), None)
        if texts is None:
            found = [(str(label), text) for label, text in value.items()]
        elif isinstance(labels, list) and len(labels) == len(texts):
            found = [(str(label), text) for label, text in zip(labels, texts, strict=True)]
    elif isinstance(value, list | tuple):
        found = _of_objects(value) or _of_texts(value)
    stripped = [(label.strip(_MARKS).upper(), text) for label, text in found]
    numbers = sorted(int(label) if label.isdecimal() and len(label) < 3 else -1 for label, _ in stripped)
    numbered = numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))
    lettered = all(len(label) == 1 and label in _LETTERS for label, _ in stripped)
    return stripped if lettered or numbered else []


def _of_objects(items: Sequence[Any]) -> Labelled:
    """The labels in a list of objects, [] where one has none: {"label": "A", "text": …} or {"A": …}."""
    found: Labelled = []
    for each in items:
        name = (
            next((name for name in _LABEL_NAMES if isinstance(each.get(name), str | int)), "")
            if isinstance(each, dict)
            else ""
        )
        if name:
            found.append((str(each[name]), {key: cell for key, cell in each.items() if key != name}))
        elif isinstance(each, dict) and len(each) == 1 and len(next(iter(each))) == 1:
            found += each.items()
        else:
            return []
    return found


def _of_texts(items: Sequence[Any]) -> Labelled:
    """The labels that the texts themselves begin with; [] where they are not all letters from A on."""
    marks = [_PREFIX.match(each) if isinstance(each, str) else None for each in items]
    letters = "".join(sorted(mark[1] for mark in marks if mark))
    if len(items) < 2 or letters not in (_LETTERS[: len(items)], _LETTERS[: len(items)].lower()):
        return []
    return [(mark[1], mark.string[mark.end() :]) for mark in marks if mark]


def _by_label(items: Labelled) -> Labelled:
    labels = [label for label, _ in items]
    if len(set(labels)) < len(labels):
        raise RowError("options", f"Two of the options have the same label ({', '.join(labels)}): give each its own.")
    ordered = sorted(items, key=lambda item: _place(item[0]))
    while ordered and is_empty(ordered[-1][1]):
        ordered.pop()
    if labels[0] in _LETTERS and ordered:
        held = dict(ordered)
        upto = _LETTERS[: _LETTERS.index(ordered[-1][0]) + 1]
        return [(label, held.get(label)) for label in upto]
    return ordered


def _place(label: str) -> tuple[int, str]:
    return (int(label) if label.isdecimal() else 0, label)


def _unpacked(value: Any) -> Any:
    """The list or object that a text writes down, and the one list in a list."""
    if isinstance(value, str):
        value = list_in_text(value, "options")
    while isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], list | tuple):
        value = value[0]
    return value


def _plain(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return next((value[name] for name in _TEXT_LISTS if isinstance(value.get(name), list)), list(value.values()))
    return list(value) if isinstance(value, list | tuple) else [value]
