"""The errors a person may see.

``UserError`` carries one sentence fit to show on the page or the terminal, with the way on in it.
Any other exception is a bug: it keeps its traceback in the log and is never dressed up.
"""

from core.redaction import redacted


class UserError(Exception):
    """Something the person can put right; ``str(error)`` is the sentence to show, and holds no secret."""

    def __str__(self) -> str:
        return redacted(super().__str__())


class FolderError(UserError):
    """The data folder cannot be used just now (full, locked, forbidden, damaged); what was tried is not saved."""


class ConflictError(UserError):
    """Somebody else decided the case in the meantime; nothing was saved."""
