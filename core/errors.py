"""The errors a user may see.

``UserError`` carries one sentence that says what happened and what to do, and is shown on the page or the terminal. Any
other exception is a bug; its traceback goes to the log.
"""

import re

from core.redaction import redact

MAX_LENGTH = 4_000
# Control and bidirectional formatting characters, and lone surrogates, which cannot be encoded.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with every character that a terminal or a page would interpret or reject escaped; line breaks stay.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return _UNPRINTABLE.sub(lambda each: each[0].encode("unicode_escape").decode(), text)


def single_line(text: str, max_length: int = MAX_LENGTH) -> str:
    """The text on one line, made ``printable``; where it is too long, its beginning and its end."""
    for _ in range(2):  # escaping makes the text longer
        if len(text) > max_length:
            text = f"{text[: max_length * 2 // 3]} … {text[-max_length // 4 :]}"
        text = printable(" ".join(text.split("\n")))
    return text


class UserError(Exception):
    """A problem that the user can solve; ``str(error)`` is the sentence to show.

    The sentence is on one line, contains no secrets, and nothing in it can control a terminal or flood a page, even
    where it quotes a file.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(single_line(redact(sentence)))  # redact first: a secret cut in half would not be recognised

    def __str__(self) -> str:
        return redact(super().__str__())


class FolderError(UserError):
    """The data folder cannot be used now (full, locked, forbidden, damaged); the attempted change was not saved."""


class BusyError(FolderError):
    """Another process held the database for too long; the same action can be tried again."""


class UnavailableError(UserError):
    """A file cannot be read now (disk, share or network unavailable, or no permission), whatever its content; the
    same action can be tried again."""


class ConflictError(UserError):
    """Someone else decided the case in the meantime; nothing was saved."""
