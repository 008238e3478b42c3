"""Recognise empty table cells, lists written as text, and images in base64."""

import math
import re
from typing import Any

_BASE64_STARTS = ("/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk")
IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM")
_MIN_BASE64_CHARS = 64
# A list of texts as Python, JSON or numpy prints it.
_LIST = re.compile(r"""\s*\[(?:[\s,]*(?:'[^'\n]*'|"[^"\n]*"))*[\s,]*\]\s*""")
_ITEM = re.compile(r"""'([^'\n]*)'|"([^"\n]*)\"""")


def is_empty(value: Any) -> bool:
    """Whether a cell is empty: null, blank text, or not-a-number (also as pandas writes it)."""
    if isinstance(value, str):
        return value.strip() in ("", "nan", "NaN")
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_base64(text: str) -> bool:
    """Whether a text is an image in base64 rather than its name."""
    return text.startswith("data:image/") or (len(text) >= _MIN_BASE64_CHARS and text.startswith(_BASE64_STARTS))


def listed(value: Any) -> list[Any]:
    """The filled items of a list, of a list of texts written as text, or the one cell; [] for an empty one.

    >>> listed("['a.jpg', 'b.jpg']"), listed("a.jpg"), listed(["", None])
    (['a.jpg', 'b.jpg'], ['a.jpg'], [])
    """
    if isinstance(value, str) and value.lstrip()[:1] == "[" and _LIST.fullmatch(value):
        value = [one or other for one, other in _ITEM.findall(value)]
    items = value if isinstance(value, list | tuple) else [value]
    return [each for each in items if not is_empty(each)]
