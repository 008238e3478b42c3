"""Reject JSON values that are nested too deeply for Python to serialise."""

from itertools import chain
from typing import Any

MAX_DEPTH = 50
DEEP = "The row nests brackets too deeply: it must be one JSON object of plain fields."


def may_nest(text: str, start: int, end: int) -> bool:
    """Whether a part of a text has enough brackets to be too deep; a cheap pre-check."""
    return text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH


def nests_too_deeply(value: Any) -> bool:
    """Whether lists and objects are nested too deeply for Python to serialise the value."""
    inner = [value]
    for _ in range(MAX_DEPTH):
        groups = [each for each in inner if isinstance(each, dict | list | tuple)]
        held = [each.values() if isinstance(each, dict) else each for each in groups]
        if not (inner := list(chain.from_iterable(held))):
            return False
    return True
