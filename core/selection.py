"""A training set from ranked hits: skills take turns by their errors, nothing twice, nothing that is measured on.

Every order is fixed by the demands and the seed, never by the budget, so a smaller selection is the beginning of a
larger one. Knows the index and no database: which samples leak is handed in.
"""

import heapq
import unicodedata
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import UserError
from core.retrieval import SkillIndex
from core.types import Hit, Sample, SkillDemand


@dataclass(frozen=True, kw_only=True)
class RanDry:
    """A skill with fewer matching samples than its turns: it was due ``due`` of the budget and got ``got``."""

    skill: str
    due: int
    got: int


def select(
    index: SkillIndex, demands: Sequence[SkillDemand], *, budget: int, leaked: Container[int], seed: int
) -> list[Hit]:
    """At most ``budget`` hits in the order chosen; fewer when every skill runs dry (``ran_dry`` says which did).

    A skill behind w errors has its j-th turn at time (j + ½) / w; a turn takes the skill's best hit that is not in
    ``leaked``, not chosen yet and shows no image that is. Raises ``UserError`` without demands or a budget.
    """
    _check_budget(budget)
    errors = _errors(demands)
    streams = {skill: index.search(skill, seed=seed) for skill in errors}
    chosen: dict[int, Hit] = {}
    images: set[int | None] = set()
    for skill in _turns(errors, streams):
        fresh = (hit for hit in streams[skill] if hit.sample not in chosen and hit.sample not in leaked)
        hit = next((hit for hit in fresh if index.image_of(hit.sample) not in images), None)
        if hit is None:
            del streams[skill]
            continue
        chosen[hit.sample] = hit
        images |= {index.image_of(hit.sample)} - {None}
        if len(chosen) == budget:
            break
    return list(chosen.values())


def select_random(
    sample_ids: Sequence[int],
    *,
    budget: int,
    leaked: Container[int],
    seed: int,
    images: Sequence[str | None] | None = None,
) -> list[Hit]:
    """The comparison arm: the beginning of a seeded shuffle, without leaks, and without repeats of ``images``.

    Its hits have the skill "" and the score 0. ``images`` are the samples' content hashes (None: do not compare them).
    Raises ``UserError`` without a budget.
    """
    _check_budget(budget)
    hits: list[Hit] = []
    shown: set[str] = set()
    for position in np.random.default_rng(seed).permutation(len(sample_ids)).tolist():
        if len(hits) == budget:
            break
        image = images[position] if images is not None else None
        if sample_ids[position] in leaked or image in shown:
            continue
        if image is not None:
            shown.add(image)
        hits.append(Hit(sample=sample_ids[position], skill="", score=0.0, terms=()))
    return hits


def ran_dry(demands: Sequence[SkillDemand], hits: Sequence[Hit], budget: int) -> list[RanDry]:
    """The skills that had too few matching samples for their turns, by what is missing, most first.

    Other skills take over their turns while they last, so the selection may be full all the same.
    """
    errors = _errors(demands)
    due = Counter(islice(_turns(errors, errors), budget))
    got = Counter(hit.skill for hit in hits)
    short = [RanDry(skill=skill, due=due[skill], got=got[skill]) for skill in due if got[skill] < due[skill]]
    return sorted(short, key=lambda each: (each.got - each.due, each.skill))


def leak_key(sample: Sample) -> str:
    """A sample's question as the leak check compares it: case, spacing and a closing mark do not matter.

    A support sample leaks when this or its image's hash also occurs in the validation or test set.
    """
    return " ".join(unicodedata.normalize("NFKC", sample.question).casefold().split()).rstrip(" ?.!:")


def _turns(errors: dict[str, int], open_: Container[str]) -> Iterator[str]:
    """Whose turn it is, for ever; a skill that is no longer in ``open_`` has no further turns."""
    heap = [(0.5 / count, skill, 0) for skill, count in errors.items()]
    heapq.heapify(heap)
    while heap:
        _, skill, taken = heapq.heappop(heap)
        if skill in open_:
            yield skill
            heapq.heappush(heap, ((taken + 1.5) / errors[skill], skill, taken + 1))


def _errors(demands: Sequence[SkillDemand]) -> dict[str, int]:
    """Errors by skill; demands for the same skill share one ranked list."""
    errors: Counter[str] = Counter()
    for demand in demands:
        errors[demand.skill] += demand.errors
    if not errors:
        raise UserError("There is no accepted skill to select samples for: review some cases first.")
    if min(errors.values()) < 1:
        raise ValueError("a demanded skill has at least one error behind it")
    return dict(errors)


def _check_budget(budget: int) -> None:
    if budget < 1:
        raise UserError("A selection needs a budget of at least 1 sample.")
