"""The errors a person may see.

``UserError`` carries one sentence fit to show on the page or the terminal, with the way on in it.
Any other exception is a bug: it keeps its traceback in the log and is never dressed up.
"""

import re

from core.redaction import redact

MAX_LENGTH = 4_000
# What moves a terminal's cursor or turns the text around it, and halves of characters, which nothing can print.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without anything that a terminal or a page would obey or refuse; such characters are named instead.

    Lines stay lines.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return _UNPRINTABLE.sub(lambda each: each[0].encode("unicode_escape").decode(), text)


def single_line(text: str, max_length: int = MAX_LENGTH) -> str:
    """The text fit to be shown in one line: ``printable``, and of a long one the beginning and the end."""
    for _ in range(2):  # naming a character makes the text longer
        if len(text) > max_length:
            text = f"{text[: max_length * 2 // 3]} … {text[-max_length // 4 :]}"
        text = printable(" ".join(text.split("\n")))
    return text


class UserError(Exception):
    """Something the person can put right; ``str(error)`` is the sentence to show, in one line and without secrets.

    Whatever a file put into it, nothing in it steers a terminal or fills a page.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(single_line(redact(sentence)))  # half a secret, where a line is cut, would not be known

    def __str__(self) -> str:
        return redact(super().__str__())


class FolderError(UserError):
    """The data folder cannot be used just now (full, locked, forbidden, damaged); what was tried is not saved."""


class BusyError(FolderError):
    """Something else held the database for too long; the same can be tried again as it is."""


class UnavailableError(UserError):
    """A file cannot be read just now (its disk, share or network is away, a right is missing), which says nothing of
    what is in it; the same can be tried again as it is."""


class ConflictError(UserError):
    """Somebody else decided the case in the meantime; nothing was saved."""
