"""Skill labels of support samples, and people's judgements of them. Knows no teacher."""

import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.errors import UserError
from core.types import Sample
from storage.rows import SAMPLE, among, noun_of
from storage.store.samples import ROWS_PER_QUERY, label_ids, samples_by_id, set_ids
from storage.store.support import named_support_set, support_sets
from storage.tables import label_checks
from storage.tables import samples as sample_rows
from storage.tables.columns import utc_now

# A draw lists all labelled samples of a set of at most SMALL_SET samples, or where fewer than this share are labelled.
SMALL_SET, RARE_LABEL_SHARE = 20_000, 0.005


@dataclass(frozen=True, kw_only=True)
class CheckedLabels:
    """How many skill labels of a support set were judged, and how many of these fit. A label counts once per reviewer
    who judged it, and no longer when the sample gets another one."""

    judged: int
    fit: int


def missing_labels(connection: Connection, name: str, *, limit: int) -> list[Sample]:
    """The first ``limit`` samples of a support set that have no skill label. Raises UserError like
    ``named_support_set``."""
    found: list[Sample] = []
    for part in set_ids(connection, None, "support", named_support_set(connection, name)):
        query = select(*SAMPLE).where(sample_rows.c.sample_set == part, sample_rows.c.skill_label.is_(None))
        rows = connection.execute(query.order_by(sample_rows.c.id).limit(limit - len(found)))
        found += (noun_of(Sample, row) for row in rows)
    return found


def missing_label_ids(connection: Connection, name: str) -> "array[int]":
    """The ids of a support set's samples without a skill label, eight bytes each. Raises UserError like
    ``named_support_set``."""
    found = array("q")
    for part in set_ids(connection, None, "support", named_support_set(connection, name)):
        query = select(sample_rows.c.id).where(sample_rows.c.sample_set == part, sample_rows.c.skill_label.is_(None))
        found.extend(connection.scalars(query.order_by(sample_rows.c.id)))
    return found


def save_labels(connection: Connection, labels: Sequence[tuple[int, str]]) -> None:
    """Set the skill labels of samples, given as (sample id, label)."""
    query = update(sample_rows).where(sample_rows.c.id == bindparam("of")).values(skill_label=bindparam("label"))
    ids = label_ids(connection, [label for _, label in labels])
    if labels:
        connection.execute(query, [{"of": sample, "label": ids[label]} for sample, label in labels])


def labels_to_check(connection: Connection, name: str, *, reviewer: str, seed: int, limit: int) -> list[Sample]:
    """A seeded draw of labelled samples of a support set, without those whose label the reviewer judged already.

    All labelled samples are equally likely; samples that are judged make room for the next ones of the same draw. Reads
    a few thousand samples of a large set, unless labels are rare in it.
    """
    name = named_support_set(connection, name)
    size = next(each for each in support_sets(connection) if each.name == name)
    parts = set_ids(connection, None, "support", name)
    judged = set(_judged(connection, name, label_checks.c.reviewer == reviewer))
    if size.samples <= SMALL_SET or size.labelled < size.samples * RARE_LABEL_SHARE:
        listed = [sample for part in parts for sample in _labelled(connection, part)]
        draw: Iterable[int] = random.Random(seed).sample(listed, min(len(listed), limit + len(judged)))
    else:
        draw = _random_labelled(connection, parts, seed)
    chosen = list(islice((sample for sample in draw if sample not in judged), limit))
    samples = samples_by_id(connection, chosen)
    return [samples[each] for each in chosen]


def save_label_check(connection: Connection, sample: int, *, reviewer: str, fits: bool) -> None:
    """Save whether the sample's skill label fits in the reviewer's judgement; a second judgement replaces the first.

    Raises UserError when the sample has no label.
    """
    label = connection.scalar(select(sample_rows.c.skill_label).where(sample_rows.c.id == sample))
    if label is None:
        raise UserError(f"Sample {sample} has no skill label to judge: label its support set first.")
    values = {"label": label, "fits": fits, "created": utc_now()}
    query = insert_or(label_checks).values(sample=sample, reviewer=reviewer, **values)
    connection.execute(query.on_conflict_do_update(index_elements=["sample", "reviewer"], set_=values))


def checked_labels(connection: Connection, name: str) -> CheckedLabels:
    """The judgements of a support set's labels. Raises UserError like ``named_support_set``."""
    query = select(func.count(), func.count().filter(label_checks.c.fits)).select_from(_VALID_CHECKS)
    judged, fit = connection.execute(query.where(_in_set(connection, name))).one()
    return CheckedLabels(judged=judged, fit=fit)


def _labelled(connection: Connection, part: int, *also: ColumnElement[bool]) -> list[int]:
    here = (sample_rows.c.sample_set == part, sample_rows.c.skill_label.is_not(None))
    return list(connection.scalars(select(sample_rows.c.id).where(*here, *also).order_by(sample_rows.c.id)))


def _random_labelled(connection: Connection, parts: Sequence[int], seed: int) -> Iterator[int]:
    """The labelled samples of the parts in random order: ids are drawn, and ids without a labelled sample skipped."""
    # Two queries: SQLite uses the index for min or max only when it is the only aggregate.
    ids: list[range] = []
    for part in parts:
        here = sample_rows.c.sample_set == part
        low, high = (connection.scalar(select(end(sample_rows.c.id)).where(here)) for end in (func.min, func.max))
        ids += [] if low is None or high is None else [range(low, high + 1)]
    sizes, seen, chance = [len(each) for each in ids], set[int](), random.Random(seed)
    while len(seen) < sum(sizes):
        fresh = dict.fromkeys(chance.choice(chance.choices(ids, sizes)[0]) for _ in range(ROWS_PER_QUERY))
        fresh = {each: None for each in fresh if each not in seen}
        seen |= fresh.keys()
        has_label = sample_rows.c.sample_set.in_(parts) & sample_rows.c.skill_label.is_not(None)
        labelled = set(connection.scalars(select(sample_rows.c.id).where(among(sample_rows.c.id, fresh), has_label)))
        yield from (each for each in fresh if each in labelled)


def _judged(connection: Connection, name: str, *also: ColumnElement[bool]) -> list[int]:
    return list(
        connection.scalars(
            select(label_checks.c.sample).select_from(_VALID_CHECKS).where(_in_set(connection, name), *also)
        )
    )


def _in_set(connection: Connection, name: str) -> ColumnElement[bool]:
    return sample_rows.c.sample_set.in_(set_ids(connection, None, "support", named_support_set(connection, name)))


# A judgement is valid as long as the sample has the judged label.
_VALID_CHECKS = label_checks.join(
    sample_rows, (sample_rows.c.id == label_checks.c.sample) & (sample_rows.c.skill_label == label_checks.c.label)
)
