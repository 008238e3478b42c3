"""Imports a support set of any size: checks the whole file, saves it in batches that nobody sees, shows it at once.

Checking writes nothing. Each batch that is saved goes with how far it is into one transaction, so an import that was
killed goes on behind its last batch and ends as if it never was; it belongs to a file in a certain state, and is thrown
away when another file is imported under its name. Knows files and rows; no page, no worker.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from app.batches import Advance, Stop, nothing_to_save, until
from app.import_report import Findings, ImportRequest, placed
from app.sifting import Item, batches, known_in, opened, read_new
from core.errors import UserError
from core.importers import Read, SampleFile
from core.types import Role
from storage import store
from storage.database import Database
from storage.parts import drop_part
from storage.store import Part


def import_support(db: Database, request: ImportRequest, found: Findings, stop: Stop) -> Iterator[Advance]:
    """The batches of an import; ``found`` says at the end what the file held.

    With a refused row nothing is saved, unless the request says to leave those out. Raises UserError as reading does.
    """
    part = _unfinished(db, request)
    if part is None:
        yield from until(stop, check_support(db, request, found))
        if not found.accepted:
            return
        with db.write() as c:
            report = found.report()
            key = store.begin_part(c, request.set_name, request.source, report)
            (part,) = (each for each in store.unfinished_parts(c, request.set_name) if each.id == key)
    for name, value in part.report.items():
        setattr(found, name, value)
    yield from until(stop, _saved(request, found, part))
    yield Advance(save=partial(store.finish_part, part=part.id), done=found.found, total=found.found)


def check_support(db: Database, request: ImportRequest, found: Findings) -> Iterator[Advance]:
    """Read the whole file and count in ``found`` what importing it would do; nothing is saved."""
    new: Counter[str] = Counter()
    with opened(request, "support") as file:
        for read in read_new(file, known_in(db, None, "support", request.set_name), found):
            new.update(each.split for each in read)
            yield nothing_to_save(found.found, 0, f"checked {found.found:,} rows")
    places = placed("support", found.splits)
    found.left_out = sum(found.splits[split] for split, place in places.items() if place is None)
    if not found.refused_rows or request.skip_refused:
        found.accepted = sum(new[split] for split, place in places.items() if place is not None)


def _unfinished(db: Database, request: ImportRequest) -> Part | None:
    """The part that an earlier import of the same file left; those of other files are thrown away."""
    with db.read() as c:
        parts = store.unfinished_parts(c, request.set_name)
    for part in parts:
        if part.source != request.source:
            drop_part(db, part.id)
    return next((part for part in parts if part.source == request.source), None)


def _saved(request: ImportRequest, found: Findings, part: Part) -> Iterator[Advance]:
    places = placed("support", found.splits)
    with opened(request, "support") as file:
        rest = iter(file.items)
        done = sum(1 for _ in islice(rest, part.handled))
        for items in batches(rest):
            save = partial(_save, file=file, items=items, part=part, start=done, places=places, request=request)
            done += len(items)
            yield Advance(save=save, done=done, total=found.found)


def _save(
    c: Connection, *, file: SampleFile, items: list[Item], part: Part, start: int, places: dict[str, Role | None],
    request: ImportRequest,
) -> None:  # fmt: skip
    samples = [each.sample for each in items if isinstance(each, Read) and places.get(each.split) is not None]
    images = {sample.image: file.image(sample.image) for sample in samples if sample.image}
    done = store.save_part(
        c, part.id, name=part.name, start=start, handled=start + len(items), samples=samples, images=images
    )
    if done.conflicts and not request.skip_refused:
        raise UserError(
            f"Sample {done.conflicts[0]!r} came into support set {part.name!r} with other content while this file was "
            "imported: give it a new id, or add --skip-refused."
        )
