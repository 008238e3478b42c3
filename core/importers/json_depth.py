"""Whether a JSON value nests brackets so deeply that Python could not write it as text. Knows no file and no row."""

from itertools import chain
from typing import Any

MAX_DEPTH = 50
DEEP = "The row nests brackets too deeply: it must be one JSON object of plain fields."


def may_nest(text: str, start: int, end: int) -> bool:
    """Whether a part of a text has as many brackets as it takes: counting them is quicker than walking the value."""
    return text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH


def nests_too_deeply(value: Any) -> bool:
    """Whether lists and objects lie in each other so deeply that Python could not write the value as text."""
    inner = [value]
    for _ in range(MAX_DEPTH):
        groups = [each for each in inner if isinstance(each, dict | list | tuple)]
        held = [each.values() if isinstance(each, dict) else each for each in groups]
        if not (inner := list(chain.from_iterable(held))):
            return False
    return True
