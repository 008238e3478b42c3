"""Recognise empty table cells and images in base64."""

import math
from typing import Any

_BASE64_STARTS = ("/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk")
_MIN_BASE64_CHARS = 64


def is_empty(value: Any) -> bool:
    """Whether a cell is empty: null, blank text, or not-a-number (also as pandas writes it)."""
    if isinstance(value, str):
        return value.strip() in ("", "nan", "NaN")
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_base64(text: str) -> bool:
    """Whether a text is an image in base64 rather than its name."""
    return text.startswith("data:image/") or (len(text) >= _MIN_BASE64_CHARS and text.startswith(_BASE64_STARTS))
