"""A training set from ranked hits: skills take turns by their errors, nothing twice, nothing that is measured on.

Every order is fixed by the demands and the seed, never by the budget, so a smaller selection is the beginning of a
larger one. Knows the index and no database: which samples leak, and which show the same image, is asked of the caller,
and only of samples that would be chosen (``draw_checked``), because it takes reading their images.
"""

import heapq
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import UserError
from core.retrieval import SkillIndex
from core.types import Hit, SkillDemand


@dataclass(frozen=True, kw_only=True)
class RanDry:
    """A skill with fewer matching samples than its turns: it was due ``due`` of the budget and got ``got``."""

    skill: str
    due: int
    got: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look at a sample shows: whether it leaks, and the hash of its image's content (None: it has no image)."""

    leaks: bool
    content: str | None


def draw_checked(
    draw: Callable[[set[int], Mapping[int, str]], list[Hit]], look: Callable[[Collection[int]], Mapping[int, Look]]
) -> tuple[list[Hit], set[int]]:
    """What ``draw(leaked, contents)`` chooses when it knows all about every sample, and the leaks that were met.

    Only drawn samples are looked at, each once: a draw is repeated with what the looks showed until it holds nothing
    new. It then equals the draw with full knowledge, since what it took is known to be good and what it passed over is
    known to be bad. ``contents`` are the hashes of images by sample id, as ``select`` takes them.
    """
    leaked: set[int] = set()
    contents: dict[int, str] = {}
    seen: set[int] = set()
    while True:
        hits = draw(leaked, contents)
        new = [hit.sample for hit in hits if hit.sample not in seen]
        if not new:
            return hits, leaked
        for sample, found in look(new).items():
            if found.leaks:
                leaked.add(sample)
            if found.content is not None:
                contents[sample] = found.content
        seen.update(new)


def select(
    index: SkillIndex,
    demands: Sequence[SkillDemand],
    *,
    budget: int,
    leaked: Container[int],
    seed: int,
    contents: Mapping[int, str] | None = None,
) -> list[Hit]:
    """At most ``budget`` hits in the order chosen; fewer when every skill runs dry (``ran_dry`` says which did).

    A skill behind w errors has its j-th turn at time (j + ½) / w; a turn takes the skill's best hit that is not in
    ``leaked``, not chosen yet and shows no image that is: the index's images, and ``contents``, hashes by sample id of
    images that are known to be the same. Raises ``UserError`` without demands or a budget.
    """
    _check_budget(budget)
    known = contents or {}
    errors = _errors(demands)
    streams = {skill: index.search(skill, seed=seed) for skill in errors}
    chosen: dict[int, Hit] = {}
    images: set[int | str | None] = set()
    for skill in _turns(errors, streams):
        fresh = (hit for hit in streams[skill] if hit.sample not in chosen and hit.sample not in leaked)
        shown = ((hit, {index.image_of(hit.sample), known.get(hit.sample)} - {None}) for hit in fresh)
        hit, pictures = next(((hit, pictures) for hit, pictures in shown if not pictures & images), (None, set()))
        if hit is None:
            del streams[skill]
            continue
        chosen[hit.sample] = hit
        images |= pictures
        if len(chosen) == budget:
            break
    return list(chosen.values())


def select_random(
    sample_ids: Sequence[int],
    *,
    budget: int,
    leaked: Container[int],
    seed: int,
    contents: Mapping[int, str] | None = None,
) -> list[Hit]:
    """The comparison arm: the beginning of a seeded shuffle, without leaks, and without repeats of ``contents``.

    Its hits have the skill "" and the score 0. ``contents`` are hashes of images by sample id. Raises ``UserError``
    without a budget.
    """
    _check_budget(budget)
    known = contents or {}
    hits: list[Hit] = []
    shown: set[str] = set()
    for position in np.random.default_rng(seed).permutation(len(sample_ids)).tolist():
        if len(hits) == budget:
            break
        sample = sample_ids[position]
        image = known.get(sample)
        if sample in leaked or image in shown:
            continue
        if image is not None:
            shown.add(image)
        hits.append(Hit(sample=sample, skill="", score=0.0, terms=()))
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


def leak_key(question: str) -> str:
    """A question as the leak check compares it: case, spacing and a closing mark do not matter.

    A support sample leaks when this or its image's hash also occurs in the validation or test set.
    """
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip(" ?.!:")


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
