"""Items that a model could not handle."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An item that a model could not handle; ``reason`` is a sentence for the user that says what to do.

    ``failed`` is True where every request failed, so that asking again may succeed.
    """

    reason: str
    failed: bool = False
