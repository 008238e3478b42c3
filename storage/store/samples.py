"""Samples of all sets: adding and finding them. Knows no prediction.

A validation or test set belongs to a project; a support set has a name and is shared by all projects (``support``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, func, insert, literal_column, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.chunks import chunked
from core.errors import UserError
from core.types import Role, Sample
from storage.images import ImageRef, save_images
from storage.rows import SAMPLE, among, noun_of, values_of
from storage.tables import labels, sample_sets
from storage.tables import samples as sample_rows

ROWS_PER_QUERY = 2000


@dataclass(frozen=True, kw_only=True)
class SavedSamples:
    """The counts of an import: new samples, and those that were there with the same content."""

    added: int
    already_present: int


@dataclass(frozen=True, kw_only=True)
class AddedSamples:
    """The counts of adding a list of samples; ``conflicts`` were left out: their source id is known with other
    content."""

    added: int
    already_present: int
    conflicts: tuple[str, ...]


def save_samples(
    connection: Connection,
    *,
    project: int | None,
    role: Role,
    name: str = "",
    samples: Iterable[Sample],
    images: Mapping[str, ImageRef],
) -> SavedSamples:
    """Add samples to a project's validation or test set, or (``project`` None) to the support set ``name``.

    Saving again changes nothing; a support sample that was labelled since counts as unchanged when it comes without a
    label. Raises UserError for a known source id with other content; the caller's transaction is rolled back then.
    """
    save_images(connection, images.values())
    known = set_ids(connection, project, role, name)
    into = known[-1] if known else open_set(connection, project, role, name)
    added = already = 0
    for batch in chunked(samples, ROWS_PER_QUERY):
        done = add_samples(connection, into, batch, known=known or [into])
        if done.conflicts:
            raise UserError(
                f"Sample {done.conflicts[0]!r} is in the {set_name(role, name)} already, with other content: give "
                "the changed sample a new id, or import into a new project or set."
            )
        added += done.added
        already += done.already_present
    return SavedSamples(added=added, already_present=already)


def samples_of(connection: Connection, *, project: int, role: Role) -> Iterator[Sample]:
    """The samples of a project's validation or test set, in import order."""
    return samples_in(connection, set_ids(connection, project, role, ""))


def count_samples(connection: Connection, *, project: int, role: Role) -> int:
    """How many samples a project's validation or test set has."""
    query = select(sample_sets.c.samples).where(_of_set(project, role, ""))
    counted: int = connection.execute(query).scalar_one_or_none() or 0
    return counted


def sample_roles(connection: Connection, ids: Iterable[int]) -> dict[int, Role]:
    """The role of the set of each of these samples, by id."""
    query = select(sample_rows.c.id, sample_sets.c.role).join(sample_sets, sample_sets.c.id == sample_rows.c.sample_set)
    return {row.id: row.role for row in connection.execute(query.where(among(sample_rows.c.id, ids)))}


def category_counts(connection: Connection, *, project: int, role: Role) -> dict[str, int]:
    """How many samples of each category a project's set has, largest first."""
    of, many = sample_rows.c.category, func.count()
    query = select(of, many).where(sample_rows.c.sample_set.in_(set_ids(connection, project, role, "")))
    return {row[0]: row[1] for row in connection.execute(query.group_by(of).order_by(many.desc(), of))}


def get_sample(connection: Connection, sample_id: int) -> Sample:
    """The sample of that id. Raises UserError for an unknown id."""
    row = connection.execute(select(*SAMPLE).where(sample_rows.c.id == sample_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no sample {sample_id}: choose one from the list.")
    return noun_of(Sample, row)


def samples_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Sample]:
    """The samples of these ids, by id; unknown ids are left out."""
    query = select(*SAMPLE).where(among(sample_rows.c.id, ids))
    return {row.id: noun_of(Sample, row) for row in connection.execute(query)}


def samples_by_source_id(
    connection: Connection, *, project: int | None, role: Role, name: str = "", source_ids: Iterable[str]
) -> dict[str, Sample]:
    """A set's samples of these source ids, by source id; unknown ones are left out."""
    return _by_source_id(connection, set_ids(connection, project, role, name), source_ids)


def is_same_sample(stored: Sample, sample: Sample) -> bool:
    """Whether an imported sample equals the stored one, apart from a label added since."""
    label = sample.skill_label or stored.skill_label
    return replace(stored, id=0) == replace(sample, id=0, skill_label=label)


def add_samples(connection: Connection, into: int, samples: Sequence[Sample], *, known: Sequence[int]) -> AddedSamples:
    """Add samples to the set row ``into``, without those that are in one of the set rows ``known``."""
    there = _by_source_id(connection, known, [sample.source_id for sample in samples])
    fresh: dict[str, Sample] = {}
    conflicts = []
    for sample in samples:
        other = there.get(sample.source_id) or fresh.get(sample.source_id)
        if other is None:
            fresh[sample.source_id] = sample
        elif not is_same_sample(other, sample):
            conflicts.append(sample.source_id)
    if fresh:
        ids = label_ids(connection, {sample.skill_label for sample in fresh.values()})
        connection.execute(insert(sample_rows), [_values(sample, into, ids) for sample in fresh.values()])
    already = len(samples) - len(fresh) - len(conflicts)
    return AddedSamples(added=len(fresh), already_present=already, conflicts=tuple(conflicts))


def label_ids(connection: Connection, texts: Iterable[str]) -> dict[str, int | None]:
    """The row ids of these skill labels by text, inserted where new; None for ""."""
    found: dict[str, int | None] = {"": None}
    for batch in chunked(set(texts) - {""}, ROWS_PER_QUERY):
        connection.execute(insert_or(labels).on_conflict_do_nothing(), [{"text": each} for each in batch])
        query = select(labels.c.text, labels.c.id).where(labels.c.text.in_(batch))
        found |= {row.text: row.id for row in connection.execute(query)}
    return found


def set_ids(connection: Connection, project: int | None, role: Role, name: str) -> list[int]:
    """The ids of the complete rows of ``sample_sets`` of a set, oldest first; none for an unknown set."""
    query = select(sample_sets.c.id).where(_of_set(project, role, name), sample_sets.c.complete)
    return list(connection.scalars(query.order_by(sample_sets.c.part)))


def open_set(connection: Connection, project: int | None, role: Role, name: str, **more: object) -> int:
    """Insert a row of ``sample_sets`` and return its id. Raises UserError for a support set without a name."""
    if role == "support" and not name.strip():
        raise UserError("Give the support set a name.")
    part = select(func.coalesce(func.max(sample_sets.c.part) + 1, 0)).where(_of_set(project, role, name))
    values = {"project": project, "role": role, "name": name, "part": part.scalar_subquery()} | more
    opened: int = connection.execute(insert(sample_sets).values(values).returning(sample_sets.c.id)).scalar_one()
    return opened


def samples_in(connection: Connection, ids: Sequence[int]) -> Iterator[Sample]:
    """The samples of these set rows, one set row after the other, in import order."""
    for each in ids:
        query = select(*SAMPLE).where(sample_rows.c.sample_set == each).order_by(sample_rows.c.id)
        yield from (
            noun_of(Sample, row) for row in connection.execute(query.execution_options(yield_per=ROWS_PER_QUERY))
        )


def set_name(role: Role, name: str) -> str:
    """The name of a set for sentences."""
    return f"support set {name!r}" if role == "support" else f"{role} set"


def _of_set(project: int | None, role: Role, name: str) -> ColumnElement[bool]:
    owner = func.coalesce(sample_sets.c.project, literal_column("0")) == (project or 0)
    return owner & (sample_sets.c.role == role) & (sample_sets.c.name == name)


def _values(sample: Sample, into: int, ids: Mapping[str, int | None]) -> dict[str, object]:
    return values_of(sample) | {"sample_set": into, "skill_label": ids[sample.skill_label]}


def _by_source_id(connection: Connection, sets: Sequence[int], source_ids: Iterable[str]) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for batch in chunked(source_ids if sets else (), ROWS_PER_QUERY):
        query = select(*SAMPLE).where(sample_rows.c.sample_set.in_(sets), sample_rows.c.source_id.in_(batch))
        found |= {row.source_id: noun_of(Sample, row) for row in connection.execute(query)}
    return found
