"""What people write as the value of a setting, read: a choice, a whole number, a number, an amount of money.

Each reader raises ValueError with what would be right, without what was written.
"""

import math
from collections.abc import Callable

NONE = "none"


def one_of(*names: str) -> Callable[[str], str]:
    """Reads one of the names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return text

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number between both."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least:,} to {most:,}")
        return int(text)

    return read


def number(least: float, most: float, what: str) -> Callable[[str], float]:
    """Reads a number between both; ``what`` says in a word or two what it counts."""

    def read(text: str) -> float:
        value = amount(text)
        if not least <= value <= most:
            raise ValueError(f"{what} from {least:g} to {most:g}")
        return value

    return read


def dollars(text: str) -> float | None:
    """Reads an amount of US dollars, 0 or more; "none" or nothing is no cap."""
    if text in ("", NONE):
        return None
    if not 0 <= (value := amount(text)) < math.inf:
        raise ValueError("an amount of US dollars, 0 or more, or none")
    return value


def amount(text: str) -> float:
    """The number that the text is; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
