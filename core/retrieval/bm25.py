"""``rank_bm25``'s BM25Okapi weights over distinct labels that count as often as they occur, and seeded orders.

Arrays and arithmetic alone, in ``rank_bm25``'s own order; the index that holds them stands in ``core.retrieval``.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.retrieval.terms import tokenise

K1, B, EPSILON = 1.5, 0.75, 0.25  # BM25Okapi's defaults

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def weighted(distinct: dict[str, int], counts: Integers) -> tuple[dict[str, int], Floats, Integers, Integers, Floats]:
    """The vocabulary, its words' rarity, and BM25Okapi's weight of each word in each distinct label, sorted by word.

    Every operation is ``rank_bm25``'s own, in its order: another order rounds differently.
    """
    vocabulary: dict[str, int] = {}
    cells: dict[tuple[int, int], int] = {}
    lengths = np.zeros(len(distinct), np.int64)
    for row, label in enumerate(distinct):
        tokens = tokenise(label)
        lengths[row] = len(tokens)
        for word in tokens:
            cell = (vocabulary.setdefault(word, len(vocabulary)), row)
            cells[cell] = cells.get(cell, 0) + 1
    if not vocabulary:
        raise UserError("The support set has no skill labels: label it with `switchpoint label`, then select again.")
    columns, rows = np.array(list(cells), np.int64).T
    often = np.array(list(cells.values()), np.int64)
    total = int(counts.sum())
    average = int((lengths * counts).sum()) / total
    occurrences = np.zeros(len(vocabulary), np.int64)
    np.add.at(occurrences, columns, counts[rows])
    rarity = _rarity(occurrences.tolist(), total)
    weights = rarity[columns] * (often * (K1 + 1) / (often + K1 * (1 - B + B * lengths[rows] / average)))
    order = np.argsort(columns, kind="stable")
    return vocabulary, rarity, starts(np.bincount(columns)), rows[order], weights[order]


def _rarity(occurrences: list[int], total: int) -> Floats:
    """The inverse document frequency of each word; where it is negative, ``rank_bm25``'s floor: ε times the average."""
    rarity = [math.log(total - often + 0.5) - math.log(often + 0.5) for often in occurrences]
    average = 0.0
    for each in rarity:  # no sum(): from Python 3.12 on it rounds more finely than rank_bm25's loop
        average += each
    floor = EPSILON * (average / len(rarity))
    return np.array([each if each >= 0 else floor for each in rarity])


def coded(texts: Sequence[str]) -> tuple[Integers, dict[str, int]]:
    """Each text as the number of its first appearance, and the distinct texts in that order."""
    distinct: dict[str, int] = {}
    codes = np.fromiter((distinct.setdefault(text, len(distinct)) for text in texts), np.int64, len(texts))
    return codes, distinct


def starts(counts: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(counts)))


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def mixed(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """The keys in an order of their own for every seed (the finaliser of splitmix64, which is a bijection)."""
    mixed = keys + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
