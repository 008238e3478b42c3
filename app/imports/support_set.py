"""Imports a support set of any size: reads the file once and saves it in batches, which become visible together.

The batches stay invisible until the whole file was read; with a refused row, or in a broken file, they are deleted.
Each batch is saved with its progress in one transaction, so an import that was killed, or whose file was unavailable,
continues after its last batch. The batches belong to one state of the file and are deleted when another one is imported
under the same name. Knows no page and no worker.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from app.imports import deduplication
from app.imports.deduplication import lookup_in, open_request, read_new
from app.imports.report import Findings, ImportRequest, sets_by_split
from app.progress import Advance, ShouldStop, nothing_to_save, stop_between
from core.chunks import chunked
from core.errors import FolderError, UnavailableError, UserError
from core.importers import ReadSample, SampleFile
from core.importers.unavailable import is_unavailable, unavailable_error
from storage import store
from storage.database import Database
from storage.errors import is_full
from storage.jobs import Job, put_once
from storage.store import SupportPart
from storage.support_parts import drop_part

# Rows of these splits are wanted whatever other splits the file turns out to have (``sets_by_split``).
WANTED_SPLITS = {"", "train"}


def import_support(db: Database, request: ImportRequest, found: Findings, should_stop: ShouldStop) -> Iterator[Advance]:
    """The batches of an import; ``found`` has the findings at the end.

    With a refused row nothing is saved, unless the request skips those. Raises UserError like reading.
    """
    with _keep_or_drop(db, request):
        part = _unfinished_part(db, request)
        yield from stop_between(should_stop, _read_and_save(db, request, found, part))
        found.accepted = _count_accepted(request, found)
        if not found.accepted:
            _drop_parts(db, request)
            return
        part = _unfinished_part(db, request) or _begin_part(db, request)
        if part.handled < found.found:
            yield from stop_between(should_stop, _save_rest(request, found, part))
    yield Advance(save=partial(store.finish_support_part, part=part.id), done=found.found, total=found.found)


def check_support(db: Database, request: ImportRequest, found: Findings) -> Iterator[Advance]:
    """Read the whole file and count in ``found`` what an import would do; nothing is saved."""
    with open_request(request, "support") as file:
        for _ in read_new(file, lookup_in(db, None, "support", request.set_name), found):
            yield nothing_to_save(found.found, 0, f"checked {found.found:,} rows")
    found.accepted = _count_accepted(request, found)


def _read_and_save(
    db: Database, request: ImportRequest, found: Findings, part: SupportPart | None
) -> Iterator[Advance]:
    """Read the whole file, and save its rows as long as they are certainly wanted.

    They are not after a refused row, or a row of a split that is used only where the file has no training split: the
    rest is then saved in a second reading, or nothing at all.
    """
    done = 0
    with open_request(request, "support") as file:
        for read in read_new(file, lookup_in(db, None, "support", request.set_name), found):
            start, done = done, found.found
            uncertain = (found.refused_rows and not request.skip_refused) or found.splits.keys() - WANTED_SPLITS
            if uncertain or (not read if part is None else start != part.handled):
                yield nothing_to_save(done, 0, f"checked {done:,} rows")
                continue
            part = replace(part or _begin_part(db, request, start), handled=done)
            save = partial(_save, request=request, file=file, part=part, read=read, start=start, handled=done)
            yield Advance(save=save, done=done, total=0, message=f"read {done:,} rows")


def _count_accepted(request: ImportRequest, found: Findings) -> int:
    """How many of the new rows are wanted, once all were read; counts the rows of other splits."""
    places = sets_by_split("support", found.splits)
    found.left_out = sum(found.splits[split] for split, place in places.items() if place is None)
    if found.refused_rows and not request.skip_refused:
        return 0
    return sum(found.new[split] for split, place in places.items() if place is not None)


def _begin_part(db: Database, request: ImportRequest, handled: int = 0) -> SupportPart:
    with db.write() as connection:
        key = store.begin_support_part(connection, request.set_name, request.source, handled)
        return next(each for each in store.unfinished_support_parts(connection, request.set_name) if each.id == key)


def _unfinished_part(db: Database, request: ImportRequest) -> SupportPart | None:
    """The part that an earlier import of the same file left; parts of other files are deleted."""
    with db.read() as connection:
        parts = store.unfinished_support_parts(connection, request.set_name)
    for part in parts:
        if part.source != request.source:
            drop_part(db, part.id)
    return next((part for part in parts if part.source == request.source), None)


def _drop_parts(db: Database, request: ImportRequest) -> None:
    with db.read() as connection:
        parts = store.unfinished_support_parts(connection, request.set_name)
    for part in parts:
        drop_part(db, part.id)


@contextmanager
def _keep_or_drop(db: Database, request: ImportRequest) -> Iterator[None]:
    """Delete the part of a broken file; keep it when the file is unavailable for now, with an error that says so, and
    when the data folder fails.
    """
    try:
        yield
    except (UserError, OSError) as error:
        if isinstance(error, FolderError) or (isinstance(error, OSError) and is_full(error)):
            raise
        if (unavailable := _unavailable(error, request)) is None:
            _drop_parts(db, request)
            raise
        with db.read() as connection:
            parts = store.unfinished_support_parts(connection, request.set_name)
        raise _with_kept_rows(
            unavailable, sum(part.handled for part in parts if request.may_continue(part.source))
        ) from error


def _unavailable(error: Exception, request: ImportRequest) -> UnavailableError | None:
    if isinstance(error, UnavailableError):
        return error
    return (
        unavailable_error(error, str(getattr(error, "filename", None) or request.path))
        if is_unavailable(error)
        else None
    )


def _with_kept_rows(unavailable: UnavailableError, rows: int) -> UnavailableError:
    """The same error, with the number of rows after which an import of the same file continues."""
    if not rows:
        return unavailable
    sentence = str(unavailable).removesuffix(".")
    return UnavailableError(
        f"{sentence}; the {rows:,} rows that were read are kept, and importing it again goes on from there."
    )


def _save_rest(request: ImportRequest, found: Findings, part: SupportPart) -> Iterator[Advance]:
    """Read the file again and save what comes after the rows that are saved already."""
    places = sets_by_split("support", found.splits)
    with open_request(request, "support") as file:
        rest = iter(file.items)
        done = sum(1 for _ in islice(rest, part.handled))
        for items in chunked(rest, deduplication.ROWS_PER_BATCH):
            start, done = done, done + len(items)
            read = [each for each in items if isinstance(each, ReadSample) and places.get(each.split) is not None]
            save = partial(_save, request=request, file=file, part=part, read=read, start=start, handled=done)
            yield Advance(save=save, done=done, total=found.found)


def _save(
    connection: Connection,
    *,
    request: ImportRequest,
    file: SampleFile,
    part: SupportPart,
    read: list[ReadSample],
    start: int,
    handled: int,
) -> None:
    samples = [each.sample for each in read]
    images = {sample.image: file.image(sample.image) for sample in samples if sample.image}
    try:
        done = store.save_support_part(
            connection, part.id, name=part.name, start=start, handled=handled, samples=samples, images=images
        )
    except OSError as error:  # the images are read here
        if (unavailable := _unavailable(error, request)) is None:
            raise
        raise _with_kept_rows(unavailable, start) from error
    if done.conflicts and not request.skip_refused:
        raise UserError(
            f"Sample {done.conflicts[0]!r} came into support set {part.name!r} with other content while this file was "
            "imported: give it a new id, or add --skip-refused."
        )


def put_import(db: Database, request: ImportRequest) -> Job:
    """Queue the import of a support set. Raises UserError for any other import."""
    if request.what != "support":
        raise UserError("Only support sets are imported in the background: import this file directly.")
    with db.write() as connection:
        return put_once(connection, "import", None, asdict(request))
