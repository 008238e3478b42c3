"""The support set as the page asks about it: known skill labels, and how many samples stand behind a missing skill.

Reading and indexing a support set takes seconds, so the newest index is kept; a changed number of samples or labels
makes it anew. Knows retrieval and rows, no HTML.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from threading import Lock

from sqlalchemy import Connection

from core.errors import UserError
from core.retrieval import SkillIndex
from core.types import Hit
from storage import store
from storage.database import Database
from storage.store import Project

MOST_LABELS = 300
_building = Lock()


@dataclass(frozen=True, kw_only=True)
class Indexed:
    """A support set ready for questions: its name, its labels (most frequent first), and the index over them."""

    name: str
    labels: tuple[str, ...]
    index: SkillIndex


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What a support set offers for a skill: how many samples match at all, and the best few."""

    matching: int
    hits: tuple[Hit, ...]


def indexed(c: Connection, db: Database, support: str) -> Indexed | None:
    """The support set a project draws from, or None while there is none, several to choose from, or no label."""
    try:
        name = store.support_set(c, support)
    except UserError:
        return None
    size = next(each for each in store.support_sets(c) if each.name == name)
    if not size.labelled:
        return None
    with _building:
        return _indexed(db, name, size.samples, size.labelled)


def known_labels(c: Connection, db: Database, project: Project) -> tuple[str, ...]:
    """The most frequent skill labels of the project's support set, for suggestions."""
    found = indexed(c, db, project.settings.support)
    return () if found is None else found.labels[:MOST_LABELS]


def behind(found: Indexed, skill: str, *, seed: int, limit: int) -> Behind:
    """The best ``limit`` hits of a skill and how many samples match it."""
    matching = sum(count for _, _, count in found.index.top_labels(skill, len(found.labels)))
    return Behind(matching=matching, hits=tuple(islice(found.index.search(skill, seed=seed), limit)))


@lru_cache(maxsize=2)
def _indexed(db: Database, name: str, samples: int, labelled: int) -> Indexed:
    with db.read() as c:
        found = [sample for sample in store.support_samples(c, name) if sample.skill_label]
    labels = [sample.skill_label for sample in found]
    index = SkillIndex.build(
        labels,
        [sample.id for sample in found],
        [sample.task for sample in found],
        [sample.image for sample in found],
    )
    return Indexed(name=name, labels=tuple(label for label, _ in Counter(labels).most_common()), index=index)
