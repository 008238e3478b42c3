"""Draw a training set from ranked hits: skills take turns by their errors, without duplicates and without leaks.

All orders depend on the demands and the seed, never on the budget, so that a smaller selection is a prefix of a larger
one. Finding leaks and identical images means reading images, so it is left to the caller and done only for samples that
would be chosen (``draw_without_leaks``).
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
from core.selection.rulings import pinned_hits, unpinned_hits
from core.types import Hit, Leak, Ruling, SkillDemand


@dataclass(frozen=True, kw_only=True)
class SampleCheck:
    """The result of checking a sample: its leaks, and the hash of its image (None: no image)."""

    leaks: tuple[Leak, ...]
    image_hash: str | None


def draw_without_leaks(
    draw: Callable[[set[int], Mapping[int, str]], list[Hit]],
    check: Callable[[Collection[int]], Mapping[int, SampleCheck]],
) -> tuple[list[Hit], tuple[Leak, ...]]:
    """The hits that ``draw(leaked, image_hashes)`` chooses once every chosen sample is checked, and the leaks found.

    Only drawn samples are checked, each once: the draw is repeated with what ``check`` found until it contains no
    unchecked sample. It then equals a draw with full knowledge, since every sample it took is known to be good and
    every one it skipped is known to be bad. ``image_hashes`` are by sample id, as for ``select_hits``.
    """
    leaks: list[Leak] = []
    leaked: set[int] = set()
    image_hashes: dict[int, str] = {}
    seen: set[int] = set()
    while True:
        hits = draw(leaked, image_hashes)
        new = [hit.sample for hit in hits if hit.sample not in seen]
        if not new:
            return hits, tuple(leaks)
        for sample, found in check(new).items():
            if found.leaks:
                leaked.add(sample)
                leaks += found.leaks
            if found.image_hash is not None:
                image_hashes[sample] = found.image_hash
        seen.update(new)


def select_hits(
    index: SkillIndex,
    demands: Sequence[SkillDemand],
    *,
    budget: int,
    leaked: Container[int],
    seed: int,
    image_hashes: Mapping[int, str] | None = None,
    rulings: Sequence[Ruling] = (),
) -> list[Hit]:
    """At most ``budget`` hits in the order chosen; fewer when all skills run out.

    The j-th turn of a skill with w errors is at time (j + ½) / w. Each turn takes the skill's best hit that is not in
    ``leaked``, not yet chosen, and whose image is not yet chosen: by the index's images, and by ``image_hashes`` (by
    sample id) of images known to be equal. ``rulings`` (those in force) change the order: samples pinned individually
    get the first turns, then their skills wait until the others have had as many; samples of pinned tasks come first in
    their skill's turns; removed ones are never drawn. Raises UserError without demands or a budget.
    """
    _check_budget(budget)
    known = image_hashes or {}
    errors = _errors(demands)
    pinned = {skill: iter(pinned_hits(index, skill, rulings)) for skill in errors}
    others = {skill: unpinned_hits(index, skill, seed=seed, rulings=rulings) for skill in errors}
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
    image_hashes: Mapping[int, str] | None = None,
) -> list[Hit]:
    """The random arm: the start of a seeded shuffle, without leaks and without repeated ``image_hashes``.

    The hits have the skill "" and the score 0. ``image_hashes`` are by sample id. Raises UserError without a budget.
    """
    _check_budget(budget)
    order = np.random.default_rng(seed).permutation(len(sample_ids)).tolist()
    shuffled = ((sample_ids[position], 0.0) for position in order)
    return select_ranked(shuffled, budget=budget, leaked=leaked, image_hashes=image_hashes or {})


def select_ranked(
    ranked: Iterable[tuple[int, float]], *, budget: int, leaked: Container[int], image_hashes: Mapping[int, str]
) -> list[Hit]:
    """The first ``budget`` samples of ``ranked`` (id, score) that do not leak and repeat no image; a budget of 0 takes
    all.

    ``image_hashes`` are by sample id, as far as known. The hits have the skill "".
    """
    hits: list[Hit] = []
    shown: set[str] = set()
    for sample, score in ranked:
        image = image_hashes.get(sample)
        if sample in leaked or image in shown:
            continue
        if image is not None:
            shown.add(image)
        hits.append(Hit(sample=sample, skill="", score=score, terms=()))
        if len(hits) == budget:
            break
    return hits


def due_counts(demands: Sequence[SkillDemand], budget: int, pinned: Mapping[str, int] | None = None) -> Counter[str]:
    """How much of a budget each skill is due by its errors, after ``pinned`` samples of each took their places."""
    errors = _errors(demands)
    first = Counter({skill: count for skill, count in (pinned or {}).items() if skill in errors})
    return first + Counter(islice(_turns(errors, errors, first), max(0, budget - first.total())))


def leak_key(question: str) -> str:
    """A question in the form that the leak check compares: without case, spacing and closing punctuation.

    A support sample leaks when its key or its image hash also occurs in the validation or test set.
    """
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip(" ?.!:")


def _turns(errors: Mapping[str, int], open_: Container[str], taken: Mapping[str, int]) -> Iterator[str]:
    """Whose turn it is, without end, after those ``taken``; a skill that leaves ``open_`` gets no further turns."""
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
