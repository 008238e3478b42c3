"""Imports in two steps: a preview, which imports nothing and may take minutes, and the confirmed import.

A pending import is a row, so that a reload or a restart loses nothing; its preview runs in a thread of the app and is
restarted after the app was. An uploaded copy is deleted with the row. Knows no HTML.
"""

import base64
import io
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from app.imports import support_set
from app.imports.deduplication import lookup_in, open_request, read_new
from app.imports.pipeline import commit, dry_run
from app.imports.predictions import refused_predictions
from app.imports.report import PREVIEW_SIZE, Findings, ImportReport, ImportRequest
from app.imports.uploads import remove_upload
from app.progress import Advance, Stopped
from app.projects.lookup import find_project
from core.errors import BusyError, FolderError, UserError
from core.images import load_upright
from core.importers import ImageRef, ReadSample, columns_of
from core.importers.images.sources import ImageError, check_image
from core.types import Refusal
from storage import jobs, store
from storage.database import Database
from storage.store import PendingImport

MAX_DIRECT_ROWS = 5000
PROGRESS_SECONDS = 0.4
WAIT_SECONDS = 2.5
THUMBNAIL_PIXELS = 96
logger = logging.getLogger("switchpoint.page")


class Previews:
    """The running previews, one thread each."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._running: dict[int, threading.Thread] = {}
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
        """Start the preview of a pending import, unless it runs or is finished."""
        running = self._running.get(pending.id)
        if pending.report is not None or pending.error or (running is not None and running.is_alive()):
            return
        thread = threading.Thread(target=run_preview, args=(self.db, pending), daemon=True)
        self._running[pending.id] = thread
        thread.start()

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


def run_preview(db: Database, pending: PendingImport) -> None:
    """Preview a pending import and save the result in its row; ends early when the row was deleted."""
    changes: dict[str, Any]
    request = replace(request_of(pending), skip_refused=True)
    reported_at = time.monotonic()

    def on_progress(advance: Advance) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at < PROGRESS_SECONDS:
            return
        reported_at = time.monotonic()
        with db.write() as connection:
            if not store.update_pending_import(connection, pending.id, seen=advance.done):
                raise Stopped

    try:
        report = dry_run(db, request, on_progress=on_progress)
        _add_thumbnails(request, report)
        changes = {"report": report, "seen": report["found"]}
    except Stopped:
        return
    except BusyError as error:
        logger.warning("looking at %s: %s", pending.file, error)
        return
    except UserError as error:
        changes = {"error": str(error), "report": _column_report(request)}
    except Exception:  # shown as a bug with the traceback in the log, like in the page's handlers
        logger.exception("looking at %s failed", pending.file)
        changes = {"error": "This is a bug in Switchpoint; the log has the details. Give this import up."}
    try:
        with db.write() as connection:
            store.update_pending_import(connection, pending.id, **changes)
    except FolderError as error:  # the page starts the preview again as long as the row has no result
        logger.warning("looking at %s: %s", pending.file, error)


def request_of(pending: PendingImport) -> ImportRequest:
    """The request of a pending import."""
    return ImportRequest(**pending.request)


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


def read_refusals(db: Database, request: ImportRequest) -> Iterator[Refusal]:
    """Every refused row of a request, read again from the file, so that a million of them need not be stored."""
    if request.what == "predictions":
        yield from refused_predictions(db, request)
        return
    with db.read() as connection:
        project = find_project(connection, request.project).id if request.what != "support" else None
    found = Findings()
    with open_request(request, request.what) as file:
        for _ in read_new(file, lookup_in(db, project, request.what, request.set_name), found):
            yield from (Refusal(**refused) for refused in found.refused)
            found.refused.clear()


def _add_thumbnails(request: ImportRequest, report: ImportReport) -> None:
    """Put thumbnails into the preview, since the images are not stored yet."""
    wanted = {shown["image"] for shown in report["preview"] if shown.get("image")}
    if not wanted or request.what == "predictions":
        return
    thumbnails: dict[str, str] = {}
    with open_request(request, request.what) as file:
        read = (
            item.sample.image for item in file.items if isinstance(item, ReadSample) and item.sample.image in wanted
        )
        for _, image in zip(range(PREVIEW_SIZE), read, strict=False):
            if image:
                thumbnails[image] = _thumbnail(file.image(image))
            if thumbnails.keys() == wanted:
                break
    for shown in report["preview"]:
        shown["picture"] = thumbnails.get(shown.get("image") or "", "")


def _thumbnail(ref: ImageRef) -> str:
    """A thumbnail as a data URL, "" where there is no usable image."""
    try:
        content = ref.read()
        check_image(
            ref.found, content, whole=False
        )  # an image left in its file was not checked against the limits before
        small = load_upright(content)
    except (ImageError, OSError):
        return ""
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    written = io.BytesIO()
    small.save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def _column_report(request: ImportRequest) -> Mapping[str, Any] | None:
    """The columns of a file that could not be read as requested, so that the user can map them."""
    try:
        columns, mapping = columns_of(request.path, prefer=request.what, format=request.format)
    except (UserError, OSError):
        return None
    if not columns:
        return None
    given = {field: column for field, column in request.mapping.items() if column in ("", *columns)}
    return Findings(columns=list(columns), mapping={**mapping, **given}).report()
