"""Imports in two steps: a preview, and the confirmed import.

A pending import is a row, so that a reload or a restart loses nothing; its preview runs in a process of its own and is
started again after the app was. An uploaded copy is deleted with the row. Knows no HTML.
"""

import threading
from dataclasses import asdict, replace
from multiprocessing.process import BaseProcess

from app.imports import support_set
from app.imports.pipeline import commit
from app.imports.preview import request_of
from app.imports.preview_process import start_preview
from app.imports.report import ImportReport, ImportRequest
from app.imports.uploads import remove_upload
from app.projects.lookup import find_project
from core.errors import UserError
from storage import jobs, store
from storage.database import Database
from storage.store import PendingImport

MAX_DIRECT_ROWS = 5000
WAIT_SECONDS = 2.5


class Previews:
    """The running previews, one process each."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._running: dict[int, BaseProcess] = {}
        self._importing = threading.Lock()

    def begin(self, request: ImportRequest, *, reviewer: str, file: str, upload: str) -> PendingImport:
        """Start a preview in place of the reviewer's previous one; a short preview is finished on return."""
        with self.db.write() as connection:
            project = find_project(connection, request.project).id if request.project else None
            former = store.pending_import_of(connection, project, reviewer)
            if former is not None and former.job is not None:
                raise UserError("An import of yours runs: wait for it, or cancel its job below.")
            made = store.begin_pending_import(
                connection, project, reviewer, request=asdict(request), file=file, upload=upload
            )
        if former is not None and former.upload != upload:
            remove_upload(self.db, former.upload)
        self.ensure(made)
        self._running[made.id].join(WAIT_SECONDS)
        return made

    def ensure(self, pending: PendingImport) -> None:
        """Start the preview of a pending import, unless it runs, is finished, or ended its process."""
        if pending.report is not None or pending.error:
            return
        running = self._running.get(pending.id)
        if running is None or running.exitcode == 0:
            self._running[pending.id] = start_preview(self.db.data, pending)
        elif running.exitcode is not None:
            with self.db.write() as connection:
                store.update_pending_import(connection, pending.id, error=_death(pending, running.exitcode))

    def give_up(self, pending: PendingImport) -> None:
        """Delete a pending import and its uploaded copy; a running preview ends by itself."""
        with self.db.write() as connection:
            store.drop_pending_import(connection, pending.id)
        remove_upload(self.db, pending.upload)

    def carry_out(self, pending: PendingImport) -> str:
        """Import what was previewed, a large support set as a job; returns a sentence that says so."""
        pending = self._without_ended_job(pending)
        request, found = request_of(pending), pending.report
        if reason := obstacle(pending):
            raise UserError(reason)
        assert found is not None
        if request.what == "support" and found["found"] > MAX_DIRECT_ROWS:
            job = support_set.put_import(self.db, request)
            with self.db.write() as connection:
                store.update_pending_import(connection, pending.id, job=job.id)
            return f"{found['accepted']:,} samples are on their way into “{request.set_name}”: job {job.id} below."
        with self._importing:
            with self.db.read() as connection:
                if store.pending_import_of(connection, pending.project, pending.reviewer) != pending:
                    raise UserError("This was imported or given up in the meantime.")
            done = commit(self.db, request)
            if done["refused_rows"] and not request.skip_refused:
                raise UserError(f"{pending.file} changed since you looked at it: look again.")
            self.give_up(pending)
        return import_summary(request, done)

    def _without_ended_job(self, pending: PendingImport) -> PendingImport:
        """The pending import, without its job where that failed or was cancelled."""
        if pending.job is None:
            return pending
        with self.db.write() as connection:
            if jobs.job(connection, pending.job).state not in ("failed", "cancelled"):
                return pending
            store.update_pending_import(connection, pending.id, job=None)
        return replace(pending, job=None)

    def refresh(self, pending: PendingImport | None) -> PendingImport | None:
        """The pending import to show, None where there is none or its job is done; restarts a lost preview."""
        if pending is None:
            return None
        self.ensure(pending)
        if pending.job is None:
            return pending
        with self.db.read() as connection:
            state = jobs.job(connection, pending.job).state
        if state == "done":
            self.give_up(pending)
            return None
        return pending


def obstacle(pending: PendingImport) -> str:
    """Why a pending import cannot be imported now, as a sentence; "" when it can."""
    found = pending.report
    if pending.error:
        return "This cannot be read as it is: the sentence above says what to do."
    if found is None:
        return "Wait until the whole file was looked at."
    if pending.job is not None:
        return "It is being imported: its job is below."
    if found["refused_rows"] and not pending.request["skip_refused"]:
        return f"{found['refused_rows']:,} of {found['found']:,} rows are refused: mend them, or leave them out."
    if not found["accepted"]:
        return "There is nothing new in it."
    return ""


def import_summary(request: ImportRequest, done: ImportReport) -> str:
    """What an import did, in one sentence."""
    things = "predictions" if request.what == "predictions" else "samples"
    into = f"support set “{request.set_name}”" if request.what == "support" else f"“{request.project}”"
    held = f", {done['held_out']:,} of them held out as its test set" if done["held_out"] else ""
    left = f"; {done['refused_rows']:,} refused rows were left out" if done["refused_rows"] else ""
    return f"{done['accepted']:,} {things} are in {into}{held}{left}."


def _death(pending: PendingImport, code: int) -> str:
    """Why there is no preview although its process has ended; ``code`` below 0 is the signal that ended it."""
    if code < 0:
        return (
            f"Reading {pending.file} was ended by the system (signal {-code}), most likely because it took more memory "
            "than there is: give this import up, and split the file."
        )
    return "This is a bug in Switchpoint; the log has the details. Give this import up."
