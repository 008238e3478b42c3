"""Logs bugs of a command: the traceback goes to ``logs/switchpoint.log``, the user gets one sentence."""

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.settings import logs_folder
from core.errors import FolderError, UserError
from core.redaction import redact
from storage.errors import folder_error


class BugError(Exception):
    """A bug whose traceback is logged already; ``str(error)`` is the sentence for the user."""


@contextmanager
def log_bugs(data: Path) -> Iterator[None]:
    """Raise any exception but UserError as a BugError, with its traceback in the log.

    Faults of the system that have a sentence (a full disk, a locked database) are raised as that UserError.
    """
    try:
        yield
    except (UserError, BugError):
        raise
    except Exception as error:  # anything else is a bug
        if fault := folder_error(error, data):
            raise fault from error
        where = _write_log(data)
        sentence = redact(f"Switchpoint has a bug ({type(error).__name__}: {error}); the traceback is {where}.")
        raise BugError(sentence) from error


def _write_log(data: Path) -> str:
    """Write the current traceback into the log, or to stderr where that fails; returns where it is, in words."""
    entry = redact(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}\n")
    try:
        path = logs_folder(data) / "switchpoint.log"
        with path.open("a") as log:
            log.write(entry)
    except (OSError, FolderError) as error:
        print(entry, file=sys.stderr)
        return f"above, since the log cannot be written ({error})"
    return f"in {path}"
