"""A preview in a process of its own: no file that it reads can harm the app's memory or its database's locks.

A server process of ``multiprocessing`` ("forkserver") imports the libraries once; each preview is a fork of it.
"""

import logging
import multiprocessing
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

from app.imports.preview import run_preview
from app.processes.redacted_output import redact_output
from core.errors import FolderError
from storage.database import open_database
from storage.store import PendingImport

logger = logging.getLogger("switchpoint.page")


def start_preview(data: Path, pending: PendingImport) -> BaseProcess:
    """Start the preview of a pending import; its result is saved in the row."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=preview_in_process, args=(data, pending), daemon=True)
    process.start()
    return process


def preview_in_process(data: Path, pending: PendingImport) -> None:
    """Run a preview on a connection of this process's own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the app ends its previews itself
    redact_output()
    try:
        db = open_database(data, background=True)
    except FolderError as error:  # the page starts the preview again as long as the row has no result
        logger.warning("looking at %s: %s", pending.file, error)
        return
    try:
        run_preview(db, pending)
    finally:
        db.close()
