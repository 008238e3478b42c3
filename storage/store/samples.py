"""Validation, test and support sets and their samples. Knows no prediction.

A validation or test set belongs to a project; a support set has a name and is shared by all projects.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection, Select, bindparam, func, insert, literal_column, select, update

from core.errors import UserError
from core.types import Role, Sample
from storage.images import ImageRef, save_images
from storage.rows import SAMPLE, among, noun_of, values_of
from storage.tables import sample_sets
from storage.tables import samples as sample_rows

AT_ONCE = 2000
# A literal, not a parameter, so that SQLite may use the partial index.
_UNLABELLED = sample_rows.c.skill_label == literal_column("''")


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What an import did: ``added`` samples are new, ``already_present`` ones were there with the same content."""

    added: int
    already_present: int


@dataclass(frozen=True, kw_only=True)
class LabelledSupport:
    """The labelled samples of a support set in four columns of equal length: ids, skill labels, tasks, image hashes."""

    samples: tuple[int, ...]
    labels: tuple[str, ...]
    tasks: tuple[str, ...]
    images: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class SupportSet:
    """A support set: how many ``samples`` it has and how many of them carry a skill label."""

    name: str
    samples: int
    labelled: int


def save_samples(
    c: Connection,
    *,
    project: int | None,
    role: Role,
    name: str = "",
    samples: Iterable[Sample],
    images: Mapping[str, ImageRef],
) -> Saved:
    """Add samples to a project's validation or test set, or (``project`` None) to the support set ``name``.

    Saving again changes nothing. A support sample that was labelled since counts as unchanged when it comes without a
    label. Raises UserError naming the sample when a known source id comes with other content; the caller's transaction
    then keeps nothing.
    """
    save_images(c, images.values())
    set_id = _set_id(c, project, role, name) or _open_set(c, project, role, name)
    added = already = 0
    remaining = iter(samples)
    while batch := list(islice(remaining, AT_ONCE)):
        known = _by_source_id(c, set_id, [sample.source_id for sample in batch])
        fresh: dict[str, Sample] = {}
        for sample in batch:
            other = known.get(sample.source_id) or fresh.get(sample.source_id)
            if other is None:
                fresh[sample.source_id] = sample
            elif not _same(other, sample):
                raise UserError(
                    f"Sample {sample.source_id!r} is in the {_set_name(role, name)} already, with other content: give "
                    "the changed sample a new id, or import into a new project or set."
                )
        if fresh:
            c.execute(insert(sample_rows), [values_of(sample) | {"sample_set": set_id} for sample in fresh.values()])
        added += len(fresh)
        already += len(batch) - len(fresh)
    return Saved(added=added, already_present=already)


def samples_of(c: Connection, *, project: int, role: Role) -> Iterator[Sample]:
    """The samples of a project's validation or test set in the order they came; none when nothing was imported."""
    return _of_set(c, _set_id(c, project, role, ""))


def support_samples(c: Connection, name: str) -> Iterator[Sample]:
    """The samples of a support set in the order they came ("" = the only one). Raises UserError as that does."""
    return _of_set(c, _set_id(c, None, "support", support_set(c, name)))


def labelled_support(c: Connection, name: str) -> LabelledSupport:
    """The labelled samples of a support set as columns. Raises UserError as ``support_set`` does."""
    of = _set_id(c, None, "support", support_set(c, name))
    columns = (sample_rows.c.id, sample_rows.c.skill_label, sample_rows.c.task, sample_rows.c.image)
    rows = c.execute(select(*columns).where(sample_rows.c.sample_set == of, sample_rows.c.skill_label != "")).all()
    ids, labels, tasks, images = zip(*rows, strict=True) if rows else ((), (), (), ())
    return LabelledSupport(samples=ids, labels=labels, tasks=tasks, images=images)


def support_set(c: Connection, name: str) -> str:
    """The support set meant by ``name`` ("" = the only one). Raises UserError when there is none or it is unclear."""
    query = select(sample_sets.c.name).where(sample_sets.c.role == "support").order_by(sample_sets.c.name)
    known: list[str] = list(c.scalars(query))
    if not known:
        raise UserError("There is no support set yet: import one with `switchpoint import support PATH`.")
    if name in known:
        return name
    if name or len(known) > 1:
        asked = f"There is no support set {name!r}" if name else "There are several support sets"
        raise UserError(f"{asked}: choose one of {', '.join(map(repr, known))} in the project's settings.")
    return known[0]


def support_sets(c: Connection) -> list[SupportSet]:
    """Every support set by name."""
    query = select(sample_sets).where(sample_sets.c.role == "support").order_by(sample_sets.c.name)
    found = []
    for row in c.execute(query).all():
        total = _count(c, row.id)
        found.append(SupportSet(name=row.name, samples=total, labelled=total - _count(c, row.id, unlabelled=True)))
    return found


def count_samples(c: Connection, *, project: int, role: Role) -> int:
    """How many samples a project's validation or test set has."""
    set_id = _set_id(c, project, role, "")
    return 0 if set_id is None else _count(c, set_id)


def missing_labels(c: Connection, name: str) -> list[Sample]:
    """The samples of a support set that have no skill label yet. Raises UserError like ``support_set``."""
    set_id = _set_id(c, None, "support", support_set(c, name))
    query = select(*SAMPLE).where(sample_rows.c.sample_set == set_id, _UNLABELLED).order_by(sample_rows.c.id)
    return [noun_of(Sample, row) for row in c.execute(query)]


def save_labels(c: Connection, labels: Sequence[tuple[int, str]]) -> None:
    """Set the skill labels of samples, given as (sample id, label)."""
    query = update(sample_rows).where(sample_rows.c.id == bindparam("of")).values(skill_label=bindparam("label"))
    if labels:
        c.execute(query, [{"of": sample, "label": label} for sample, label in labels])


def get_sample(c: Connection, sample_id: int) -> Sample:
    """The sample of that id. Raises UserError when there is none."""
    row = c.execute(select(*SAMPLE).where(sample_rows.c.id == sample_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no sample {sample_id}: choose one from the list.")
    return noun_of(Sample, row)


def samples_by_id(c: Connection, ids: Iterable[int]) -> dict[int, Sample]:
    """The samples of those ids, by id; unknown ids are not in the answer."""
    query = select(*SAMPLE).where(among(sample_rows.c.id, ids))
    return {row.id: noun_of(Sample, row) for row in c.execute(query)}


def samples_by_source_id(c: Connection, *, project: int, role: Role, source_ids: Iterable[str]) -> dict[str, Sample]:
    """The project's samples of those source ids, by source id; unknown ones are not in the answer."""
    set_id = _set_id(c, project, role, "")
    return {} if set_id is None else _by_source_id(c, set_id, source_ids)


def _set_id(c: Connection, project: int | None, role: Role, name: str) -> int | None:
    found = c.execute(_select_set(project, role, name)).one_or_none()
    return None if found is None else found.id


def _select_set(project: int | None, role: Role, name: str) -> Select[tuple[int]]:
    owner = func.coalesce(sample_sets.c.project, literal_column("0")) == (project or 0)
    return select(sample_sets.c.id).where(owner, sample_sets.c.role == role, sample_sets.c.name == name)


def _open_set(c: Connection, project: int | None, role: Role, name: str) -> int:
    if role == "support" and not name.strip():
        raise UserError("Give the support set a name.")
    values = {"project": project, "role": role, "name": name}
    opened: int = c.execute(insert(sample_sets).values(values).returning(sample_sets.c.id)).scalar_one()
    return opened


def _set_name(role: Role, name: str) -> str:
    return f"support set {name!r}" if role == "support" else f"{role} set"


def _of_set(c: Connection, set_id: int | None) -> Iterator[Sample]:
    query = select(*SAMPLE).where(sample_rows.c.sample_set == set_id).order_by(sample_rows.c.id)
    return (noun_of(Sample, row) for row in c.execute(query.execution_options(yield_per=AT_ONCE)))


def _by_source_id(c: Connection, set_id: int, source_ids: Iterable[str]) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    remaining = iter(source_ids)
    while batch := list(islice(remaining, AT_ONCE)):
        query = select(*SAMPLE).where(sample_rows.c.sample_set == set_id, sample_rows.c.source_id.in_(batch))
        found |= {row.source_id: noun_of(Sample, row) for row in c.execute(query)}
    return found


def _count(c: Connection, set_id: int, *, unlabelled: bool = False) -> int:
    query = select(func.count()).select_from(sample_rows).where(sample_rows.c.sample_set == set_id)
    counted: int = c.execute(query.where(_UNLABELLED) if unlabelled else query).scalar_one()
    return counted


def _same(stored: Sample, sample: Sample) -> bool:
    label = sample.skill_label or stored.skill_label
    return replace(stored, id=0) == replace(sample, id=0, skill_label=label)
