"""A text from outside as one of the values that a ``Literal`` allows."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def member_of(known: Iterable[T], given: object) -> T | None:
    """The member of ``known`` that equals ``given``, with its type; None where there is none."""
    return next((each for each in known if each == given), None)
