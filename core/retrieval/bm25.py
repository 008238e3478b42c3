"""BM25Okapi weights as ``rank_bm25`` computes them, over distinct labels with counts, and seeded orders."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.retrieval.terms import tokenise

K1, B, EPSILON = 1.5, 0.75, 0.25  # BM25Okapi's defaults
FLOOR = 0.01  # the least rarity of a word in a query for which BM25Okapi scores no sample above zero

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def bm25_weights(
    distinct: dict[str, int], counts: Integers
) -> tuple[dict[str, int], Floats, Integers, Integers, Floats]:
    """(vocabulary, inverse document frequency of each word, and per word, sorted: offsets, label rows, and what the
    frequency is multiplied by for BM25Okapi's weight).

    ``distinct`` maps each label to its row, ``counts`` says how often each occurs. The operations follow
    ``rank_bm25``'s order exactly, because another order rounds differently. Raises UserError when no label contains a
    word.
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
    term_counts = np.array(list(cells.values()), np.int64)
    total = int(counts.sum())
    average = int((lengths * counts).sum()) / total
    occurrences = np.zeros(len(vocabulary), np.int64)
    np.add.at(occurrences, columns, counts[rows])
    rarity = _inverse_frequencies(occurrences.tolist(), total)
    saturation = term_counts * (K1 + 1) / (term_counts + K1 * (1 - B + B * lengths[rows] / average))
    order = np.argsort(columns, kind="stable")
    return vocabulary, rarity, offsets(np.bincount(columns)), rows[order], saturation[order]


def _inverse_frequencies(occurrences: list[int], total: int) -> Floats:
    """The inverse document frequency of each word, with ``rank_bm25``'s floor (ε times the mean) for negative ones."""
    rarity = [math.log(total - count + 0.5) - math.log(count + 0.5) for count in occurrences]
    average = 0.0
    for each in rarity:  # not sum(): from Python 3.12 on it rounds differently from rank_bm25's loop
        average += each
    floor = EPSILON * (average / len(rarity))
    return np.array([each if each >= 0 else floor for each in rarity])


def encode_distinct(texts: Sequence[str]) -> tuple[Integers, dict[str, int]]:
    """Each text as the index of its first appearance, and the distinct texts in that order."""
    distinct: dict[str, int] = {}
    codes = np.fromiter((distinct.setdefault(text, len(distinct)) for text in texts), np.int64, len(texts))
    return codes, distinct


def offsets(counts: Integers) -> Integers:
    """The start of each run, given the lengths; one more than there are runs."""
    return np.concatenate(([0], np.cumsum(counts)))


def hash_text(text: str) -> int:
    """A 64-bit hash of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def seeded_hash(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """The keys rehashed with a seed, for a different order per seed (the splitmix64 finaliser, a bijection)."""
    mixed = keys + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
