"""A training set from ranked hits: skills take turns by their errors, nothing twice, nothing that is measured on.

Every order is fixed by the demands and the seed, never by the budget, so a smaller selection is the beginning of a
larger one. Knows the index and no database: which samples leak, and which show the same image, is asked of the caller,
and only of samples that would be chosen (``draw_checked``), because it takes reading their images.
"""

import heapq
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import UserError
from core.retrieval.index import SkillIndex
from core.selection.rulings import other_hits, pinned_hits
from core.types import Hit, Leak, Ruling, SkillDemand


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look at a sample shows: how it leaks, and the hash of its image's content (None: it has no image)."""

    leaks: tuple[Leak, ...]
    content: str | None


def draw_checked(
    draw: Callable[[set[int], Mapping[int, str]], list[Hit]], look: Callable[[Collection[int]], Mapping[int, Look]]
) -> tuple[list[Hit], tuple[Leak, ...]]:
    """What ``draw(leaked, contents)`` chooses when it knows all about every sample, and the leaks that were met.

    Only drawn samples are looked at, each once: a draw is repeated with what the looks showed until it holds nothing
    new. It then equals the draw with full knowledge, since what it took is known to be good and what it passed over is
    known to be bad. ``contents`` are the hashes of images by sample id, as ``select`` takes them.
    """
    leaks: list[Leak] = []
    leaked: set[int] = set()
    contents: dict[int, str] = {}
    seen: set[int] = set()
    while True:
        hits = draw(leaked, contents)
        new = [hit.sample for hit in hits if hit.sample not in seen]
        if not new:
            return hits, tuple(leaks)
        for sample, found in look(new).items():
            if found.leaks:
                leaked.add(sample)
                leaks += found.leaks
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
    rulings: Sequence[Ruling] = (),
) -> list[Hit]:
    """At most ``budget`` hits in the order chosen; fewer when every skill runs dry.

    A skill behind w errors has its j-th turn at time (j + ½) / w; a turn takes the skill's best hit that is not in
    ``leaked``, not chosen yet and shows no image that is: the index's images, and ``contents``, hashes by sample id of
    images that are known to be the same. ``rulings`` (those that stand) change which hit is best: samples that were
    pinned one by one have the first turns of all, then their skills wait until the others have had as many; samples of
    pinned tasks come before the rest in their skill's turns; what was removed is never drawn. Raises ``UserError``
    without demands or a budget.
    """
    _check_budget(budget)
    known = contents or {}
    errors = _errors(demands)
    pinned = {skill: iter(pinned_hits(index, skill, rulings)) for skill in errors}
    others = {skill: other_hits(index, skill, seed=seed, rulings=rulings) for skill in errors}
    chosen: dict[int, Hit] = {}
    images: set[int | str | None] = set()
    taken: Counter[str] = Counter()
    for streams in (pinned, others):
        for skill in _turns(errors, streams, taken):
            fresh = (hit for hit in streams[skill] if hit.sample not in chosen and hit.sample not in leaked)
            shown = ((hit, {index.image_of(hit.sample), known.get(hit.sample)} - {None}) for hit in fresh)
            hit, pictures = next(((hit, pictures) for hit, pictures in shown if not pictures & images), (None, set()))
            if hit is None:
                del streams[skill]
                continue
            chosen[hit.sample] = hit
            images |= pictures
            taken[skill] += 1
            if len(chosen) == budget:
                return list(chosen.values())
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
    order = np.random.default_rng(seed).permutation(len(sample_ids)).tolist()
    shuffled = ((sample_ids[position], 0.0) for position in order)
    return take(shuffled, budget=budget, leaked=leaked, contents=contents or {})


def take(
    ranked: Iterable[tuple[int, float]], *, budget: int, leaked: Container[int], contents: Mapping[int, str]
) -> list[Hit]:
    """The first ``budget`` samples of ``ranked`` (id, score) that do not leak and repeat no image of ``contents``.

    ``contents`` are hashes of images by sample id, as far as they are known; a budget of 0 takes all. They have
    the skill "".
    """
    hits: list[Hit] = []
    shown: set[str] = set()
    for sample, score in ranked:
        image = contents.get(sample)
        if sample in leaked or image in shown:
            continue
        if image is not None:
            shown.add(image)
        hits.append(Hit(sample=sample, skill="", score=score, terms=()))
        if len(hits) == budget:
            break
    return hits


def due(demands: Sequence[SkillDemand], budget: int, pinned: Mapping[str, int] | None = None) -> Counter[str]:
    """How much of a budget each skill is due by its errors, once ``pinned`` samples of each took their places."""
    errors = _errors(demands)
    first = Counter({skill: count for skill, count in (pinned or {}).items() if skill in errors})
    return first + Counter(islice(_turns(errors, errors, first), max(0, budget - first.total())))


def leak_key(question: str) -> str:
    """A question as the leak check compares it: case, spacing and a closing mark do not matter.

    A support sample leaks when this or its image's hash also occurs in the validation or test set.
    """
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip(" ?.!:")


def _turns(errors: Mapping[str, int], open_: Container[str], taken: Mapping[str, int]) -> Iterator[str]:
    """Whose turn it is, for ever, after those ``taken``; a skill that left ``open_`` has no further turns."""
    heap = [((taken.get(skill, 0) + 0.5) / count, skill, taken.get(skill, 0)) for skill, count in errors.items()]
    heapq.heapify(heap)
    while heap:
        _, skill, had = heapq.heappop(heap)
        if skill in open_:
            yield skill
            heapq.heappush(heap, ((had + 1.5) / errors[skill], skill, had + 1))


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
