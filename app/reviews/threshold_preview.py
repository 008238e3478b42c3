"""Previews other values of δ and λ on a round's stored curves; changes nothing.

The curves of the last round are cached, since a slider asks many times. Calls no model.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from app.projects.lookup import find_project, find_round
from core.answer_switch import find_switch
from core.types import Diagnosis, RoundId
from storage import store
from storage.database import Database

LAST_STEP = 10


@dataclass(frozen=True, kw_only=True)
class ThresholdPreview:
    """The counts of a round's curves at one δ and λ, by status and by mistake step (10 for 10 and later)."""

    statuses: dict[str, int]
    steps: dict[int, int]
    changed: int
    curves: int


def preview_thresholds(
    db: Database, project: str, round_number: int | None, *, delta: float, lam: int
) -> ThresholdPreview:
    """Count the round's stored curves at δ and λ; ``changed`` counts those whose status or step differs from the
    stored."""
    with db.read() as connection:
        round_ = find_round(connection, find_project(connection, project), round_number)
        found = _curves(db, round_.id, store.curves_version(connection, round_.id))
    statuses: Counter[str] = Counter()
    steps: Counter[int] = Counter()
    changed = 0
    for each in found:
        switch = find_switch(each.curve, delta=delta, lam=lam)
        statuses[switch.status] += 1
        steps[min(switch.mistake_step or 0, LAST_STEP)] += 1
        changed += (switch.status, switch.mistake_step) != (each.switch.status, each.switch.mistake_step)
    return ThresholdPreview(
        statuses=dict(statuses), steps=dict(sorted(steps.items())), changed=changed, curves=len(found)
    )


@lru_cache(maxsize=1)
def _curves(db: Database, round_id: RoundId, _: tuple[object, ...]) -> tuple[Diagnosis, ...]:
    with db.read() as connection:
        return tuple(store.diagnoses_of(connection, round_id))
