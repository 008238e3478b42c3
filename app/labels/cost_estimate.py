"""What labelling a support set takes, worked out beside the page: questions to the teacher, tokens and money.

Grouping a million questions takes seconds, so a thread does it once for each state of a set, and the page asks whether
it is ready. Prices and prompts are applied when the page asks, so that a changed one shows at once. Calls no teacher.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from app.endpoints.spending import SAMPLE_SIZE, estimate_label
from app.labels.labelling import LabelEstimate, label_estimate
from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database
from storage.store import SupportSet

CACHE_SIZE = 4
Key = tuple[Path, str, int]
logger = logging.getLogger("switchpoint.page")
_counting = Lock()
_begun: set[Key] = set()
_counted: dict[Key, "CountedSupport | None"] = {}


@dataclass(frozen=True, kw_only=True)
class CountedSupport:
    """A support set's questions, counted, and some of the samples that they would be about."""

    estimate: LabelEstimate
    some: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class LabelCost:
    """How often the teacher is asked and what that comes to (``app.endpoints.spending``), by sample and by group."""

    by_sample: dict[str, Any]
    by_group: dict[str, Any]


def label_cost(db: Database, support: SupportSet, project: str) -> LabelCost | None:
    """What labelling the set takes; None while it is being counted, which the first question begins.

    Raises UserError where it could not be counted; the log says why.
    """
    key = (db.data, support.name, support.changes)
    if key not in _begun:
        _begun.add(key)
        Thread(target=_count, args=(db, key), daemon=True).start()
    if key not in _counted:
        return None
    found = _counted[key]
    if found is None:
        raise UserError(f"What labelling {support.name!r} takes could not be worked out: the app's log says why.")
    sample, group = (
        estimate_label(db, support.name, project=project, calls=calls, some=found.some)
        for calls in (found.estimate.calls_by_sample, found.estimate.calls_by_group)
    )
    return LabelCost(by_sample=sample, by_group=group)


def is_counted(db: Database, support: SupportSet) -> bool:
    """Whether ``label_cost`` has an answer for the set as it is; begins nothing."""
    return (db.data, support.name, support.changes) in _counted


def _count(db: Database, key: Key) -> None:
    with _counting:
        try:
            estimate = label_estimate(db, key[1])
            with db.read() as connection:
                found = CountedSupport(
                    estimate=estimate, some=tuple(store.missing_labels(connection, key[1], limit=SAMPLE_SIZE))
                )
        except Exception:  # said when the page asks, and kept whole in the log
            logger.exception("the questions of a support set could not be counted")
            _counted[key] = None
        else:
            _counted[key] = found
        for old in list(_counted)[:-CACHE_SIZE]:
            del _counted[old]
            _begun.discard(old)
