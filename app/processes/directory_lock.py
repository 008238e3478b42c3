"""Locks of a data directory that no removed file gives away twice: they hold a folder, which stays while it is full.

The system releases a lock however its process ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import UserError


class LockHeldError(UserError):
    """Another process holds this lock."""


# A killed process holds its locks until the last of its threads has ended.
DYING_SECONDS = 1.0


@contextmanager
def directory_lock(folder: Path, held: str) -> Iterator[None]:
    """Hold the lock of ``folder``, which is created, within the block. Raises LockHeldError with the sentence ``held``
    where another process does, OSError for an unusable folder."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        give_up = time.monotonic() + DYING_SECONDS
        while not _is_taken(handle):
            if time.monotonic() > give_up:
                raise LockHeldError(held)
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _is_taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
