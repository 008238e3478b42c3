"""Reads a file of samples and compares each with the set: new, present, in conflict or refused.

Reads in batches, in constant memory. Saves nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from app.imports.report import Findings, ImportRequest
from core.chunks import chunked
from core.errors import UnavailableError
from core.importers import Duplicate, ReadSample, SampleFile, open_samples, renamed_note
from core.types import Refusal, Role, Sample
from storage import store
from storage.database import Database

ROWS_PER_BATCH = 2000
# The samples of these source ids in the set, and those in another set that count as present when they are equal.
Lookup = Callable[[list[str]], tuple[Mapping[str, Sample], Mapping[str, Sample]]]


def open_request(request: ImportRequest, role: Role) -> AbstractContextManager[SampleFile]:
    """Open the file of a request. Raises UserError when it cannot be read at all."""
    check_path(request)
    lazy = role == "support" and not request.copy_images
    return open_samples(
        request.path,
        role=role,
        format=request.format,
        mapping=request.mapping or None,
        images=Path(request.images) if request.images else None,
        lazy_images=lazy,
        encoding=request.encoding,
    )


def check_path(request: ImportRequest) -> None:
    """Raises UnavailableError when there is nothing at the path."""
    path = Path(request.path)
    if not (request.path.startswith("hf:") or path.is_file() or path.is_dir()):
        raise UnavailableError(f"There is no file or folder {request.path}: check the path and try again.")


def read_new(file: SampleFile, known: Lookup, found: Findings) -> Iterator[list[ReadSample]]:
    """The new samples, up to ROWS_PER_BATCH a list; all others are counted in ``found``."""
    found.format, found.container = file.format, file.container
    found.columns, found.mapping, found.notes = list(file.columns), dict(file.mapping), list(file.notes)
    renamed: list[ReadSample] = []
    rows_renamed = 0
    for items in chunked(file.items, ROWS_PER_BATCH):
        found.found += len(items)
        read = [item for item in items if isinstance(item, ReadSample)]
        named = [each for each in read if each.given_id]
        for item in items:
            if isinstance(item, Refusal):
                found.refuse(item, duplicate=isinstance(item, Duplicate))
        renamed, rows_renamed = renamed or named[:1], rows_renamed + len(named)
        own, elsewhere = known([each.sample.source_id for each in read])
        new = []
        for each in read:
            found.add_preview(each.sample, each.split)
            found.splits[each.split] = found.splits.get(each.split, 0) + 1
            name = each.sample.source_id
            if any(name in there and store.is_same_sample(there[name], each.sample) for there in (own, elsewhere)):
                found.already_present += 1
            elif name in own:
                found.refuse(_conflict(file.name, each), conflict=True)
            else:
                new.append(each)
        found.new.update(each.split for each in new)
        yield new
    if renamed:
        found.notes.append(renamed_note(rows_renamed, renamed[0]))


def lookup_in(db: Database, project: int | None, role: Role, name: str = "") -> Lookup:
    """A lookup in a set; for a validation set also in the project's test set, since some of its samples may be held
    out."""

    def known(ids: list[str]) -> tuple[Mapping[str, Sample], Mapping[str, Sample]]:
        with db.read() as connection:
            own = store.samples_by_source_id(connection, project=project, role=role, name=name, source_ids=ids)
            if role != "validation":
                return own, {}
            return own, store.samples_by_source_id(connection, project=project, role="test", source_ids=ids)

    return known


def _conflict(file: str, read: ReadSample) -> Refusal:
    reason = f"“{read.sample.source_id}” is in the set already, with other content: give the changed sample a new id."
    return Refusal(file=file, line=read.line, field="id", reason=reason)
