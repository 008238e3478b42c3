"""Skill labels of a support set: by the teacher, sample by sample or group by group; what it costs, how good they are.

Knows a teacher by what it can do, and the rows; no page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from app.failures import Failures
from core.comparison import accuracy_interval
from core.skill_groups import skill_groups
from core.types import Interval, Sample, Settings
from storage import store
from storage.database import Database

if TYPE_CHECKING:
    from core.teacher import Teacher

By = Literal["sample", "group"]
Labels = list[tuple[int, str]]
AT_ONCE = 2000


@dataclass(frozen=True, kw_only=True)
class LabelEstimate:
    """Of a support set's ``samples``, how many are ``unlabelled``; and how often the teacher is asked to label them,
    sample by sample and group by group."""

    support: str
    samples: int
    unlabelled: int
    calls_by_sample: int
    calls_by_group: int


@dataclass(frozen=True, kw_only=True)
class LabelQuality:
    """How many labels people judged, how many of these fit, and their share with its interval (None: nobody judged)."""

    judged: int
    fit: int
    share: Interval | None


def label_by_sample(
    db: Database, support: str, teacher: "Teacher", settings: Settings, failures: Failures
) -> Iterator[Labels]:
    """(sample id, label) of the unlabelled samples, some at a time: save each list before asking for the next.

    Those that every try to ask about failed are noted in ``failures``, and stay without one.
    """
    from core.skills import label

    while True:
        with db.read() as c:
            found = store.missing_labels(c, support, limit=AT_ONCE + len(failures.samples))
        missing = [each for each in found if each.id not in failures.samples]
        if not missing:
            return
        yield from label(teacher, missing, settings, skipped=failures.note)


def label_by_group(
    db: Database, support: str, teacher: "Teacher", settings: Settings, failures: Failures
) -> Iterator[Labels]:
    """(sample id, label) of the unlabelled samples, a whole group a list: the teacher is asked about one of each.

    The samples of groups that every try to ask about failed are noted in ``failures``.
    """
    from core.skills import label_groups

    def samples_of(ids: list[int]) -> dict[int, Sample]:
        with db.read() as c:
            return store.samples_by_id(c, ids)

    with db.read() as c:
        groups = skill_groups(store.support_questions(c, support), seed=settings.seed)
    yield from label_groups(teacher, groups, samples_of, settings, skipped=failures.note)


def label_estimate(db: Database, support: str = "") -> LabelEstimate:
    """What labelling a support set takes ("" = the only one). Reads every question once: seconds for a million."""
    with db.read() as c:
        name = store.support_set(c, support)
        size = next(each for each in store.support_sets(c) if each.name == name)
        groups = len(skill_groups(store.support_questions(c, name), seed=0))
    missing = size.samples - size.labelled
    return LabelEstimate(
        support=name, samples=size.samples, unlabelled=missing, calls_by_sample=missing, calls_by_group=groups
    )


def labels_to_check(db: Database, support: str, *, reviewer: str, seed: int = 0, limit: int = 20) -> list[Sample]:
    """The next samples of a seeded draw whose labels the reviewer has not judged."""
    with db.read() as c:
        return store.labels_to_check(c, support, reviewer=reviewer, seed=seed, limit=limit)


def check_label(db: Database, sample: int, *, reviewer: str, fits: bool) -> None:
    """Keep whether a person finds that the sample's skill label fits. Raises UserError for an unlabelled sample."""
    with db.write() as c:
        store.save_label_check(c, sample, reviewer=reviewer, fits=fits)


def label_quality(db: Database, support: str = "") -> LabelQuality:
    """What people's judgements say of a support set's labels: the share that fits, at 95 % (Wilson)."""
    with db.read() as c:
        found = store.checked_labels(c, support)
    answers = [True] * found.fit + [False] * (found.judged - found.fit)
    return LabelQuality(judged=found.judged, fit=found.fit, share=accuracy_interval(answers) if answers else None)
