"""The cost of labelling a support set: requests to the teacher, tokens and money, for the page.

Grouping a million questions takes seconds, so a thread does it once per state of a set. Prices and prompts are applied
when the page asks, so that a change shows at once. Calls no teacher.
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
_started: set[Key] = set()
_results: dict[Key, "CountedSupport | None"] = {}


@dataclass(frozen=True, kw_only=True)
class CountedSupport:
    """The number of requests for a support set, and a sample of its unlabelled samples."""

    estimate: LabelEstimate
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class LabelCost:
    """The requests and their cost (estimates of ``app.endpoints.spending``), by sample and by group."""

    by_sample: dict[str, Any]
    by_group: dict[str, Any]


def label_cost(db: Database, support: SupportSet, project: str) -> LabelCost | None:
    """The cost of labelling the set; None while it is being counted, which the first call starts.

    Raises UserError where counting failed; the log has the error.
    """
    key = (db.data, support.name, support.changes)
    if key not in _started:
        _started.add(key)
        Thread(target=_count, args=(db, key), daemon=True).start()
    if key not in _results:
        return None
    found = _results[key]
    if found is None:
        raise UserError(f"What labelling {support.name!r} takes could not be worked out: the app's log says why.")
    sample, group = (
        estimate_label(db, support.name, project=project, calls=calls, samples=found.samples)
        for calls in (found.estimate.calls_by_sample, found.estimate.calls_by_group)
    )
    return LabelCost(by_sample=sample, by_group=group)


def is_counted(db: Database, support: SupportSet) -> bool:
    """Whether ``label_cost`` has a result for the current state of the set; starts nothing."""
    return (db.data, support.name, support.changes) in _results


def _count(db: Database, key: Key) -> None:
    with _counting:
        try:
            estimate = label_estimate(db, key[1])
            with db.read() as connection:
                found = CountedSupport(
                    estimate=estimate, samples=tuple(store.missing_labels(connection, key[1], limit=SAMPLE_SIZE))
                )
        except Exception:  # reported when the page asks; the log has the traceback
            logger.exception("the questions of a support set could not be counted")
            _results[key] = None
        else:
            _results[key] = found
        for old in list(_results)[:-CACHE_SIZE]:
            del _results[old]
            _started.discard(old)
