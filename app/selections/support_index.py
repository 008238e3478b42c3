"""The index of a support set: its skill labels, and the samples that match a missing skill.

Indexing a support set takes seconds, so the newest indexes are cached in memory and in folders that another start of
the app or the worker opens; an added sample or a changed label invalidates them. Selections are drawn from the same
indexes.
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
Key = tuple[Path, str, int, int]  # the data folder, the name of the set, its changes and its labelled samples
logger = logging.getLogger("switchpoint")
_building = Lock()
_indexes: dict[Key, "IndexedSupport"] = {}


@dataclass(frozen=True, kw_only=True)
class IndexedSupport:
    """An indexed support set: its name, its most frequent labels, and the index."""

    name: str
    labels: tuple[str, ...]
    index: SkillIndex


@dataclass(frozen=True, kw_only=True)
class SkillMatches:
    """The samples of a support set that match a skill: how many, and the best few hits."""

    matching: int
    hits: tuple[Hit, ...]


def has_labels(connection: Connection, db: Database, support: str) -> bool:
    """Whether there is a support set to draw from with at least one label."""
    return _key(connection, db, support) is not None


def indexed_support(connection: Connection, db: Database, support: str) -> IndexedSupport | None:
    """The indexed support set of that name; None where it is missing, ambiguous or without labels."""
    key = _key(connection, db, support)
    return None if key is None else _cached(db, key)


def indexed_support_if_ready(connection: Connection, db: Database, support: str) -> IndexedSupport | None:
    """Like ``indexed_support``, but None while the index is still being built, which the first call starts."""
    key = _key(connection, db, support)
    if key is not None and key not in _indexes and not _building.locked():
        Thread(target=_cached, args=(db, key), daemon=True).start()
    return None if key is None else _indexes.get(key)


def matches_of(found: IndexedSupport, skill: str, *, seed: int, limit: int) -> SkillMatches:
    """The best ``limit`` hits of a skill and the number of matching samples."""
    hits = tuple(islice(found.index.search(skill, seed=seed), limit))
    return SkillMatches(matching=found.index.count_matching(skill), hits=hits)


def _key(connection: Connection, db: Database, support: str) -> Key | None:
    try:
        name = store.named_support_set(connection, support)
    except UserError:
        return None
    size = next(each for each in store.support_sets(connection) if each.name == name)
    return (db.data, name, size.changes, size.labelled) if size.labelled else None


def _cached(db: Database, key: Key) -> IndexedSupport:
    with _building:
        if key not in _indexes:
            with db.read() as connection:
                # Labels may have changed since the key was read: the index is stored under its own state.
                key = _key(connection, db, key[1]) or key
                _indexes[key] = _with_labels(key[1], open_index(_folder(key)) or _build(connection, key))
            for old in list(_indexes)[:-CACHE_SIZE]:
                del _indexes[old]
        return _indexes[key]


def _build(connection: Connection, key: Key) -> SkillIndex:
    """Build the index from the rows and save it, in place of the set's older ones."""
    found = store.labelled_support(connection, key[1])
    index = SkillIndex.build(found.labels, found.samples, found.tasks, found.images)
    folder = _folder(key)
    try:
        save_index(index, folder)
    except OSError as error:  # without room for it, it is built again next time
        logger.warning("The index of %s is not kept in %s: %s", key[1], folder, error)
    for old in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return index


def _folder(key: Key) -> Path:
    """The folder of a set's index, by a hash, since a name may be no file name or differ from another only in case."""
    return key[0] / "indexes" / hashlib.sha256(key[1].encode()).hexdigest()[:16] / f"{key[2]}-{key[3]}"


def _with_labels(name: str, index: SkillIndex) -> IndexedSupport:
    frequent = np.argsort(-index.counts, kind="stable")[:MAX_LABELS]
    return IndexedSupport(name=name, labels=tuple(index.labels[each] for each in frequent.tolist()), index=index)
