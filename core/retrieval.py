"""Ranked support samples for a missing skill: ``rank_bm25``'s BM25Okapi over the support set's skill labels.

A support set repeats its labels, so the index holds each distinct label once and counts it as often as it occurs. The
scores are bit-equal to ``BM25Okapi`` over every sample's label; the tests hold it to that. Knows no model, no database.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.types import Hit

K1, B, EPSILON = 1.5, 0.75, 0.25  # BM25Okapi's defaults
NO_IMAGE = -1

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def tokenise(text: str) -> tuple[str, ...]:
    r"""The words of a text as retrieval compares them: runs of letters, digits and underscores (``\w+``), lower case.

    >>> tokenise("Reading hand-written digits")
    ('reading', 'hand', 'written', 'digits')
    """
    return tuple(re.findall(r"\w+", text.lower()))


@dataclass(frozen=True, kw_only=True, eq=False)
class SkillIndex:
    """BM25 weights of every distinct label's words, by column (word), and the samples that carry each label.

    Word j occurs in the labels ``rows[words[j]:words[j + 1]]`` with ``weights`` likewise; label i is carried by the
    samples at ``members[labelled[i]:labelled[i + 1]]``, positions in ``samples`` (ids), ``tasks`` and ``images``
    (codes). ``keys`` are hashes of the labels' texts: the seeded orders hang on them, not on the support set's order.
    """

    labels: tuple[str, ...]
    counts: Integers
    vocabulary: dict[str, int]
    words: Integers
    rows: Integers
    weights: Floats
    members: Integers
    labelled: Integers
    samples: Integers
    tasks: Integers
    images: Integers
    by_id: Integers
    keys: NDArray[np.uint64]

    @classmethod
    def build(
        cls,
        labels: Sequence[str],
        sample_ids: Sequence[int],
        tasks: Sequence[str],
        images: Sequence[str | None],
    ) -> "SkillIndex":
        """The index of a support set, given as four columns of equal length (``images``: content hashes or None).

        Raises ``UserError`` when no label holds a word, ValueError when the columns differ in length.
        """
        if len({len(labels), len(sample_ids), len(tasks), len(images)}) > 1:
            raise ValueError("labels, sample_ids, tasks and images describe the same samples")
        codes, distinct = _coded(labels)
        counts = np.bincount(codes, minlength=len(distinct))
        vocabulary, words, rows, weights = _weighted(distinct, counts)
        pictures = [image if image is not None else "" for image in images]
        picture_codes, hashes = _coded(pictures)
        ids = np.asarray(sample_ids, np.int64)
        return cls(
            labels=tuple(distinct),
            counts=counts,
            vocabulary=vocabulary,
            words=words,
            rows=rows,
            weights=weights,
            members=np.argsort(codes, kind="stable"),
            labelled=_starts(counts),
            samples=ids,
            tasks=_coded(tasks)[0],
            images=np.where(picture_codes == hashes.get("", NO_IMAGE), NO_IMAGE, picture_codes),
            by_id=np.argsort(ids, kind="stable"),
            keys=np.array([_hashed(label) for label in distinct], np.uint64),
        )

    def scores(self, skill: str) -> Floats:
        """The BM25Okapi score of each of ``labels`` for a skill; 0 where no word matches."""
        scores = np.zeros(len(self.labels))
        for word in tokenise(skill):
            column = self.vocabulary.get(word)
            if column is not None:
                found = slice(self.words[column], self.words[column + 1])
                scores[self.rows[found]] += self.weights[found]
        return scores

    def search(self, skill: str, *, seed: int) -> Iterator[Hit]:
        """The samples whose labels match a skill, best first, one by one as they are asked for.

        Labels come in score order, equal scores in a seeded order. Inside a label the seeded order takes turns between
        the source tasks. No image comes twice. Labels with a score of 0 or less share nothing telling and are no hits.
        """
        scores = self.scores(skill)
        wanted = dict.fromkeys(tokenise(skill))
        shown: set[int] = set()
        for label in self._ranked(scores, seed):
            present = set(tokenise(self.labels[label]))
            terms = tuple(word for word in wanted if word in present)
            for position in self._members_in_turn(label, seed).tolist():
                image = int(self.images[position])
                if image in shown:
                    continue
                if image != NO_IMAGE:
                    shown.add(image)
                yield Hit(sample=int(self.samples[position]), skill=skill, score=float(scores[label]), terms=terms)

    def matching(self, skill: str) -> int:
        """How many samples carry a label that matches the skill; those whose image comes again are counted, too."""
        return int(self.counts[self.scores(skill) > 0].sum())

    def top_labels(self, skill: str, k: int) -> list[tuple[str, float, int]]:
        """The k best labels for a skill as (label, score, samples that carry it); fewer where fewer match."""
        scores = self.scores(skill)
        return [(self.labels[i], float(scores[i]), int(self.counts[i])) for i in self._ranked(scores, 0)[:k].tolist()]

    def image_of(self, sample: int) -> int | None:
        """A number that samples with the same image share, None without an image. Raises KeyError for unknown ids."""
        place = int(np.searchsorted(self.samples, sample, sorter=self.by_id))
        if place == len(self.by_id) or self.samples[self.by_id[place]] != sample:
            raise KeyError(sample)
        code = int(self.images[self.by_id[place]])
        return None if code == NO_IMAGE else code

    def _ranked(self, scores: Floats, seed: int) -> Integers:
        found = np.flatnonzero(scores > 0)
        return found[np.lexsort((_mixed(self.keys[found], seed), -scores[found]))]

    def _members_in_turn(self, label: int, seed: int) -> Integers:
        """A label's samples in the seeded order that alternates their tasks (positions)."""
        members = self.members[self.labelled[label] : self.labelled[label + 1]]
        random = np.random.default_rng([seed & 0xFFFFFFFF, int(self.keys[label])])
        shuffled = random.permutation(members[np.argsort(self.samples[members])])
        _, tasks = np.unique(self.tasks[shuffled], return_inverse=True)
        grouped = np.argsort(tasks, kind="stable")
        starts = _starts(np.bincount(tasks))[:-1]
        turn = np.empty(len(members), np.int64)
        turn[grouped] = np.arange(len(members)) - np.repeat(starts, np.bincount(tasks))
        first = np.full(len(starts), len(members))
        np.minimum.at(first, tasks, np.arange(len(members)))
        return shuffled[np.lexsort((first[tasks], turn))]


def _weighted(distinct: dict[str, int], counts: Integers) -> tuple[dict[str, int], Integers, Integers, Floats]:
    """The vocabulary, and BM25Okapi's weight of each word in each distinct label, sorted by word.

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
    rarity = _rarity(occurrences.tolist(), total)[columns]
    weights = rarity * (often * (K1 + 1) / (often + K1 * (1 - B + B * lengths[rows] / average)))
    order = np.argsort(columns, kind="stable")
    return vocabulary, _starts(np.bincount(columns)), rows[order], weights[order]


def _rarity(occurrences: list[int], total: int) -> Floats:
    """The inverse document frequency of each word; where it is negative, ``rank_bm25``'s floor: ε times the average."""
    rarity = [math.log(total - often + 0.5) - math.log(often + 0.5) for often in occurrences]
    average = 0.0
    for each in rarity:  # no sum(): from Python 3.12 on it rounds more finely than rank_bm25's loop
        average += each
    floor = EPSILON * (average / len(rarity))
    return np.array([each if each >= 0 else floor for each in rarity])


def _coded(texts: Sequence[str]) -> tuple[Integers, dict[str, int]]:
    """Each text as the number of its first appearance, and the distinct texts in that order."""
    distinct: dict[str, int] = {}
    codes = np.fromiter((distinct.setdefault(text, len(distinct)) for text in texts), np.int64, len(texts))
    return codes, distinct


def _starts(counts: Integers) -> Integers:
    return np.concatenate(([0], np.cumsum(counts)))


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _mixed(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """The keys in an order of their own for every seed (the finaliser of splitmix64, which is a bijection)."""
    mixed = keys + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
