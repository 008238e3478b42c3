"""The import job: brings a support set of any size into the database."""

from collections.abc import Iterator

from app.engines.engine import Engine
from app.imports.report import Findings, ImportRequest
from app.imports.support_set import import_support
from app.progress import Advance, ShouldStop, nothing_to_save
from core.errors import UserError
from storage.database import Database
from storage.jobs import Job


def run_import(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """The support set that ``args`` (an ``ImportRequest``) names."""
    request, found = ImportRequest(**job.args), Findings()
    yield from import_support(db, request, found, should_stop)
    if found.refused_rows and not request.skip_refused:
        raise UserError(found.sentence())
    left = f", {found.refused_rows:,} refused" if found.refused_rows else ""
    message = f"{found.accepted:,} new samples, {found.already_present:,} already there{left}"
    yield nothing_to_save(found.found, found.found, message)
