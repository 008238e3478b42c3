"""Parsers of setting values: a choice, a whole number, a number, an amount of money.

Each raises ValueError with the valid values, without the given text.
"""

import math
from collections.abc import Callable

NONE = "none"


def one_of(*names: str) -> Callable[[str], str]:
    """A parser of one of the names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return text

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of a whole number in this range."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(text)

    return read


def number(least: float, most: float, what: str) -> Callable[[str], float]:
    """A parser of a number in this range; ``what`` names the quantity."""

    def read(text: str) -> float:
        value = amount(text)
        if not least <= value <= most:
            raise ValueError(f"{what} from {least:g} to {most:g}")
        return value

    return read


def dollars(text: str) -> float | None:
    """An amount of US dollars, 0 or more; "none" or an empty text is no cap."""
    if text in ("", NONE):
        return None
    if not 0 <= (value := amount(text)) < math.inf:
        raise ValueError("an amount of US dollars, 0 or more, or none")
    return value


def amount(text: str) -> float:
    """The number in the text; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
