"""The support set as the page asks about it: known skill labels, and how many samples stand behind a missing skill.

Reading and indexing a support set takes seconds, so the newest indexes are kept, in memory and as folders that another
start of the app or the worker opens; any added sample and any changed label makes one anew. Selections are drawn from
the same indexes. Knows retrieval and rows, no HTML.
"""

import hashlib
import logging
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock, Thread

import numpy as np
from sqlalchemy import Connection

from core.errors import UserError
from core.retrieval.index import SkillIndex
from core.retrieval.index_files import open_index, save_index
from core.types import Hit
from storage import store
from storage.database import Database

MAX_LABELS = 300
CACHE_SIZE = 2
Key = tuple[Path, str, int, int]  # the data folder, the set, its changes and its labelled samples
logger = logging.getLogger("switchpoint")
_building = Lock()
_indexes: dict[Key, "IndexedSupport"] = {}


@dataclass(frozen=True, kw_only=True)
class IndexedSupport:
    """A support set ready for questions: its name, its labels (most frequent first), and the index over them."""

    name: str
    labels: tuple[str, ...]
    index: SkillIndex


@dataclass(frozen=True, kw_only=True)
class SkillMatches:
    """What a support set offers for a skill: how many samples match at all, and the best few."""

    matching: int
    hits: tuple[Hit, ...]


def has_labels(connection: Connection, db: Database, support: str) -> bool:
    """Whether there is a support set to draw from, and a label in it."""
    return _key(connection, db, support) is not None


def indexed_support(connection: Connection, db: Database, support: str) -> IndexedSupport | None:
    """The support set a project draws from, or None while there is none, several to choose from, or no label."""
    key = _key(connection, db, support)
    return None if key is None else _indexed(db, key)


def indexed_support_if_ready(connection: Connection, db: Database, support: str) -> IndexedSupport | None:
    """As ``indexed``, but None while the index is still being made, which the first question begins."""
    key = _key(connection, db, support)
    if key is not None and key not in _indexes and not _building.locked():
        Thread(target=_indexed, args=(db, key), daemon=True).start()
    return None if key is None else _indexes.get(key)


def matches_of(found: IndexedSupport, skill: str, *, seed: int, limit: int) -> SkillMatches:
    """The best ``limit`` hits of a skill and how many samples match it."""
    hits = tuple(islice(found.index.search(skill, seed=seed), limit))
    return SkillMatches(matching=found.index.count_matching(skill), hits=hits)


def _key(connection: Connection, db: Database, support: str) -> Key | None:
    try:
        name = store.named_support_set(connection, support)
    except UserError:
        return None
    size = next(each for each in store.support_sets(connection) if each.name == name)
    return (db.data, name, size.changes, size.labelled) if size.labelled else None


def _indexed(db: Database, key: Key) -> IndexedSupport:
    with _building:
        if key not in _indexes:
            with db.read() as connection:
                # Labels may have changed since the key was made: the index is kept under what it was made from.
                key = _key(connection, db, key[1]) or key
                _indexes[key] = _ready(key[1], open_index(_folder(key)) or _made(connection, key))
            for old in list(_indexes)[:-CACHE_SIZE]:
                del _indexes[old]
        return _indexes[key]


def _made(connection: Connection, key: Key) -> SkillIndex:
    """The index from the rows, saved for the next start in the place of the set's earlier ones."""
    found = store.labelled_support(connection, key[1])
    index = SkillIndex.build(found.labels, found.samples, found.tasks, found.images)
    folder = _folder(key)
    try:
        save_index(index, folder)
    except OSError as error:  # it can be made again: no room for it stops nobody
        logger.warning("The index of %s is not kept in %s: %s", key[1], folder, error)
    for old in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return index


def _folder(key: Key) -> Path:
    """Where a set's index lies; a name that is no file name, or that differs in case alone, has a folder of its own."""
    return key[0] / "indexes" / hashlib.sha256(key[1].encode()).hexdigest()[:16] / f"{key[2]}-{key[3]}"


def _ready(name: str, index: SkillIndex) -> IndexedSupport:
    often = np.argsort(-index.counts, kind="stable")[:MAX_LABELS]
    return IndexedSupport(name=name, labels=tuple(index.labels[each] for each in often.tolist()), index=index)
