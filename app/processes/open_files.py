"""Finds the processes that have files open below a directory, removed ones too. Knows Linux's ``/proc`` only; elsewhere
none is found."""

import os
from contextlib import suppress
from pathlib import Path


def process_using(folder: Path) -> int | None:
    """The id of a process with an open file in or below ``folder``, however it got there; None where there is none.

    Only the processes of this user can be looked into.
    """
    below = f"{os.path.realpath(folder)}{os.sep}"
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if os.readlink(handle).startswith(below):
                return int(handle.parts[2])
    return None
