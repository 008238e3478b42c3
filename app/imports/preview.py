"""A preview of an import: what it would do, with the first samples, their thumbnails, and the columns of a file that
cannot be read as requested. It imports nothing and may take minutes. Knows no HTML.
"""

import base64
import io
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.imports.deduplication import lookup_in, open_request, read_new
from app.imports.pipeline import dry_run
from app.imports.predictions import refused_predictions
from app.imports.report import PREVIEW_SIZE, Findings, ImportReport, ImportRequest
from app.progress import Advance, Stopped
from app.projects.lookup import find_project
from core.errors import BusyError, FolderError, UserError
from core.images import load_upright
from core.importers import ImageRef, ReadSample, columns_of
from core.importers.images.sources import ImageError, check_image
from core.types import Refusal
from storage import store
from storage.database import Database
from storage.store import PendingImport

PROGRESS_SECONDS = 0.4
THUMBNAIL_PIXELS = 96
logger = logging.getLogger("switchpoint.page")


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
        columns, mapping = columns_of(
            request.path, prefer=request.what, format=request.format, encoding=request.encoding
        )
    except (UserError, OSError):
        return None
    if not columns:
        return None
    given = {field: column for field, column in request.mapping.items() if column in ("", *columns)}
    return Findings(columns=list(columns), mapping={**mapping, **given}).report()
