"""Support sets: their samples as columns, and the parts that large imports fill.

A set is visible when one of its parts is complete, with the samples of its complete parts. A part that an import is
still filling is invisible, and is continued where the import stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from core.errors import UserError
from core.types import Sample
from storage.images import ImageRef, save_images
from storage.store.samples import ROWS_PER_QUERY, AddedSamples, add_samples, open_set, samples_in, set_ids
from storage.tables import labels, sample_sets
from storage.tables import samples as sample_rows


@dataclass(frozen=True, kw_only=True)
class LabelledSupport:
    """The labelled samples of a support set in four columns of equal length: ids, skill labels, tasks, image keys."""

    samples: tuple[int, ...]
    labels: tuple[str, ...]
    tasks: tuple[str, ...]
    images: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class SupportSet:
    """A support set: its number of samples, of those with a skill label, and of changes (which every added sample and
    every changed label increases)."""

    name: str
    samples: int
    labelled: int
    changes: int


@dataclass(frozen=True, kw_only=True)
class SupportPart:
    """An incomplete import into the support set ``name``: ``handled`` rows of ``source`` are done, of which ``samples``
    were new."""

    id: int
    name: str
    source: str
    handled: int
    samples: int


def support_samples(connection: Connection, name: str) -> Iterator[Sample]:
    """The samples of a support set in import order. Raises UserError like ``named_support_set``."""
    return samples_in(connection, set_ids(connection, None, "support", named_support_set(connection, name)))


def support_sample_ids(connection: Connection, name: str) -> tuple[int, ...]:
    """The ids of a support set's samples in import order. Raises UserError like ``named_support_set``."""
    found: list[int] = []
    for part in set_ids(connection, None, "support", named_support_set(connection, name)):
        query = select(sample_rows.c.id).where(sample_rows.c.sample_set == part).order_by(sample_rows.c.id)
        found += connection.scalars(query)
    return tuple(found)


def labelled_support(connection: Connection, name: str) -> LabelledSupport:
    """The labelled samples of a support set as columns. Raises UserError like ``named_support_set``.

    Equal labels and equal tasks share one object each, so that a million rows take little memory.
    """
    texts: dict[int, str] = {}
    tasks: dict[str, str] = {}
    rows: tuple[list[Any], ...] = ([], [], [], [])
    columns = (sample_rows.c.id, sample_rows.c.skill_label, sample_rows.c.task, sample_rows.c.image)
    for part in set_ids(connection, None, "support", named_support_set(connection, name)):
        query = select(*columns).where(sample_rows.c.sample_set == part, sample_rows.c.skill_label.is_not(None))
        for page in connection.execute(query.execution_options(yield_per=ROWS_PER_QUERY)).partitions():
            new = {row.skill_label for row in page} - texts.keys()
            texts |= (
                {row.id: row.text for row in connection.execute(select(labels).where(labels.c.id.in_(new)))}
                if new
                else {}
            )
            for id_, label, task, image in page:
                for column, value in zip(rows, (id_, texts[label], tasks.setdefault(task, task), image), strict=True):
                    column.append(value)
    ids, named, of, images = map(tuple, rows)
    return LabelledSupport(samples=ids, labels=named, tasks=of, images=images)


def support_questions(connection: Connection, name: str) -> Iterator[tuple[int, str, str, bool]]:
    """(id, task, question, whether it has a skill label) of a support set's samples, in import order."""
    columns = (sample_rows.c.id, sample_rows.c.task, sample_rows.c.question, sample_rows.c.skill_label.is_not(None))
    for part in set_ids(connection, None, "support", named_support_set(connection, name)):
        query = select(*columns).where(sample_rows.c.sample_set == part).order_by(sample_rows.c.id)
        yield from map(tuple, connection.execute(query.execution_options(yield_per=ROWS_PER_QUERY)))


def named_support_set(connection: Connection, name: str) -> str:
    """The name of the support set meant by ``name`` ("": the only one). Raises UserError for an unknown or ambiguous
    name."""
    known = [each.name for each in support_sets(connection)]
    if not known:
        raise UserError("There is no support set yet: import one with `switchpoint import support PATH`.")
    if name in known:
        return name
    if name or len(known) > 1:
        asked = f"There is no support set {name!r}" if name else "There are several support sets"
        raise UserError(f"{asked}: choose one of {', '.join(map(repr, known))} in the project's settings.")
    return known[0]


def support_sets(connection: Connection) -> list[SupportSet]:
    """Every support set, in order of name; reads no sample, so that its cost does not depend on their number."""
    query = select(
        sample_sets.c.name, *(func.sum(sample_sets.c[each]).label(each) for each in ("samples", "labelled", "changes"))
    ).where(sample_sets.c.role == "support", sample_sets.c.complete)
    grouped = query.group_by(sample_sets.c.name).order_by(sample_sets.c.name)
    return [SupportSet(**row._mapping) for row in connection.execute(grouped)]


def unfinished_support_parts(connection: Connection, name: str) -> list[SupportPart]:
    """The parts of a support set that are not complete."""
    columns = [sample_sets.c[each] for each in ("id", "name", "source", "handled", "samples")]
    query = select(*columns).where(sample_sets.c.role == "support", sample_sets.c.name == name, ~sample_sets.c.complete)
    return [SupportPart(**row._mapping) for row in connection.execute(query)]


def begin_support_part(connection: Connection, name: str, source: str, handled: int = 0) -> int:
    """Open a part that is invisible until ``finish_support_part``, for the rows of ``source`` after the first
    ``handled``; returns its id. Raises UserError without a name."""
    return open_set(connection, None, "support", name, complete=False, source=source, handled=handled)


def save_support_part(
    connection: Connection, part: int, *, name: str, start: int, handled: int, samples: Sequence[Sample],
    images: Mapping[str, ImageRef],
) -> AddedSamples:  # fmt: skip
    """Add samples to an unfinished part, whose handled rows go from ``start`` to ``handled``.

    Samples that the set already has are not added again. Raises UserError when another import continued the part.
    """
    mine = (sample_sets.c.id == part, sample_sets.c.handled == start, ~sample_sets.c.complete)
    if not connection.execute(update(sample_sets).where(*mine).values(handled=handled)).rowcount:
        raise UserError(f"Another import into support set {name!r} runs at the same time: wait for it to end.")
    save_images(connection, images.values())
    return add_samples(connection, part, samples, known=[*set_ids(connection, None, "support", name), part])


def finish_support_part(connection: Connection, part: int) -> int:
    """Make a part visible and return its number of samples; an empty part is deleted."""
    samples: int = connection.execute(select(sample_sets.c.samples).where(sample_sets.c.id == part)).scalar_one()
    here = sample_sets.c.id == part
    connection.execute(
        update(sample_sets).where(here).values(complete=True) if samples else delete(sample_sets).where(here)
    )
    return samples
