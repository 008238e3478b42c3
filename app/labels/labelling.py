"""Skill labels of a support set: which samples the teacher is asked about, how many requests that takes, and label
quality.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from core.evaluation.comparison import accuracy_interval
from core.label_groups import group_samples
from core.types import Interval, Sample
from storage import store
from storage.database import Database

LabelUnit = Literal["sample", "group"]
Labels = list[tuple[int, str]]
SAMPLES_PER_QUERY = 2000


@dataclass(frozen=True, kw_only=True)
class LabelEstimate:
    """The size of a support set, its unlabelled samples, and the requests to label them by sample and by group."""

    support: str
    samples: int
    unlabelled: int
    calls_by_sample: int
    calls_by_group: int


@dataclass(frozen=True, kw_only=True)
class LabelQuality:
    """How many labels were judged, how many of these fit, and their share with its interval (None: none judged)."""

    judged: int
    fit: int
    share: Interval | None


def label_targets(
    db: Database, support: str, by: LabelUnit, *, seed: int
) -> tuple["array[int]", dict[int, "array[int]"]]:
    """The ids of the samples that the teacher is asked about, and the members of the group of each, which get its label
    (empty when labelling by sample)."""
    with db.read() as connection:
        if by == "sample":
            return store.missing_label_ids(connection, support), {}
        groups = group_samples(store.support_questions(connection, support), seed=seed)
    return array("q", (group.representative for group in groups)), {
        group.representative: group.members for group in groups
    }


def samples_to_label(db: Database, ids: "array[int]") -> Iterator[Sample]:
    """The samples of these ids in order, read in batches."""
    for start in range(0, len(ids), SAMPLES_PER_QUERY):
        some = ids[start : start + SAMPLES_PER_QUERY]
        with db.read() as connection:
            found = store.samples_by_id(connection, some)
        yield from (found[each] for each in some if each in found)


def labels_for_members(found: Iterable[Labels], members: Mapping[int, "array[int]"]) -> Iterator[Labels]:
    """The labels of all members of the groups, one list per group; without groups the labels as they are."""
    for labels in found:
        if members:
            yield from ([(sample, label) for sample in members[asked]] for asked, label in labels)
        else:
            yield labels


def label_estimate(db: Database, support: str = "") -> LabelEstimate:
    """Count the requests for labelling a support set ("": the only one). Reads every question: seconds for a
    million."""
    with db.read() as connection:
        name = store.named_support_set(connection, support)
        size = next(each for each in store.support_sets(connection) if each.name == name)
        groups = len(group_samples(store.support_questions(connection, name), seed=0))
    missing = size.samples - size.labelled
    return LabelEstimate(
        support=name, samples=size.samples, unlabelled=missing, calls_by_sample=missing, calls_by_group=groups
    )


def labels_to_check(db: Database, support: str, *, reviewer: str, seed: int = 0, limit: int = 20) -> list[Sample]:
    """The next samples of a seeded draw whose labels the reviewer has not judged yet."""
    with db.read() as connection:
        return store.labels_to_check(connection, support, reviewer=reviewer, seed=seed, limit=limit)


def check_label(db: Database, sample: int, *, reviewer: str, fits: bool) -> None:
    """Save whether the sample's skill label fits in the reviewer's judgement. Raises UserError for an unlabelled
    sample."""
    with db.write() as connection:
        store.save_label_check(connection, sample, reviewer=reviewer, fits=fits)


def label_quality(db: Database, support: str = "") -> LabelQuality:
    """The share of judged labels of a support set that fit, with its 95 % Wilson interval."""
    with db.read() as connection:
        found = store.checked_labels(connection, support)
    answers = [True] * found.fit + [False] * (found.judged - found.fit)
    return LabelQuality(judged=found.judged, fit=found.fit, share=accuracy_interval(answers) if answers else None)
