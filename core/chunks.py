"""Fixed-size chunks of an iterable."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of ``size``, the last one possibly shorter (``itertools.batched`` from Python 3.12 on)."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
