"""The support set as the page asks about it: known skill labels, and how many samples stand behind a missing skill.

Reading and indexing a support set takes seconds, so the newest indexes are kept; any added sample and any changed label
makes one anew. Selections are drawn from the same indexes. Knows retrieval and rows, no HTML.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock, Thread

from sqlalchemy import Connection

from core.errors import UserError
from core.retrieval import SkillIndex
from core.types import Hit
from storage import store
from storage.database import Database
from storage.store import LabelledSupport

MOST_LABELS = 300
KEPT = 2
Key = tuple[Path, str, int]
_building = Lock()
_indexes: dict[Key, "Indexed"] = {}


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


def has_labels(c: Connection, db: Database, support: str) -> bool:
    """Whether there is a support set to draw from, and a label in it."""
    return _key(c, db, support) is not None


def indexed(c: Connection, db: Database, support: str) -> Indexed | None:
    """The support set a project draws from, or None while there is none, several to choose from, or no label."""
    key = _key(c, db, support)
    return None if key is None else _indexed(db, key)


def indexed_soon(c: Connection, db: Database, support: str) -> Indexed | None:
    """As ``indexed``, but None while the index is still being made, which the first question begins."""
    key = _key(c, db, support)
    if key is not None and key not in _indexes and not _building.locked():
        Thread(target=_indexed, args=(db, key), daemon=True).start()
    return None if key is None else _indexes.get(key)


def behind(found: Indexed, skill: str, *, seed: int, limit: int) -> Behind:
    """The best ``limit`` hits of a skill and how many samples match it."""
    hits = tuple(islice(found.index.search(skill, seed=seed), limit))
    return Behind(matching=found.index.matching(skill), hits=hits)


def _key(c: Connection, db: Database, support: str) -> Key | None:
    try:
        name = store.support_set(c, support)
    except UserError:
        return None
    size = next(each for each in store.support_sets(c) if each.name == name)
    return (db.data, name, size.changes) if size.labelled else None


def _indexed(db: Database, key: Key) -> Indexed:
    with _building:
        if key not in _indexes:
            with db.read() as c:
                # Labels may have changed since the key was made: the index is kept under what it was made from.
                key = _key(c, db, key[1]) or key
                found = store.labelled_support(c, key[1])
            _indexes[key] = _made(key[1], found)
            for old in list(_indexes)[:-KEPT]:
                del _indexes[old]
        return _indexes[key]


def _made(name: str, found: LabelledSupport) -> Indexed:
    index = SkillIndex.build(found.labels, found.samples, found.tasks, found.images)
    often = Counter(found.labels).most_common(MOST_LABELS)
    return Indexed(name=name, labels=tuple(label for label, _ in often), index=index)
