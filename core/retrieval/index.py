"""Retrieve ranked support samples for a missing skill with ``rank_bm25``'s BM25Okapi over the skill labels.

Labels repeat, so the index stores each distinct label once with its count. Scores are bit-identical to ``BM25Okapi``
over every sample's label, which the tests verify; only where it scores no sample above zero do words count with at
least ``FLOOR`` (assets/decisions/0040).
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.retrieval.bm25 import FLOOR, Floats, Integers, bm25_weights, encode_distinct, hash_text, offsets, seeded_hash
from core.retrieval.terms import matched_terms, tokenise
from core.types import Hit

NO_IMAGE = -1
TOP_K = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class SkillIndex:
    """The words of each distinct label, by word, and the samples that carry each label.

    Word j occurs in the labels ``rows[words[j]:words[j + 1]]``; its weights there are ``rarity[j]`` times the same
    slice of ``saturation``. Label i is carried by the samples ``members[labelled[i]:labelled[i + 1]]``, sorted by id:
    positions in ``samples`` (ids), ``codes`` (labels), ``tasks`` (codes, by name in ``task_codes``) and ``images``
    (codes). ``keys`` are hashes of the label texts, so that the seeded orders do not depend on the order of the support
    set. ``rarity`` is each word's inverse document frequency.
    """

    labels: tuple[str, ...]
    counts: Integers
    vocabulary: dict[str, int]
    rarity: Floats
    words: Integers
    rows: Integers
    saturation: Floats
    members: Integers
    labelled: Integers
    samples: Integers
    codes: Integers
    tasks: Integers
    task_codes: dict[str, int]
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

        Raises UserError when no label contains a word, ValueError when the columns differ in length.
        """
        if len({len(labels), len(sample_ids), len(tasks), len(images)}) > 1:
            raise ValueError("labels, sample_ids, tasks and images describe the same samples")
        codes, distinct = encode_distinct(labels)
        counts = np.bincount(codes, minlength=len(distinct))
        vocabulary, rarity, words, rows, saturation = bm25_weights(distinct, counts)
        task_of, task_codes = encode_distinct(tasks)
        pictures = [image if image is not None else "" for image in images]
        picture_codes, hashes = encode_distinct(pictures)
        ids = np.asarray(sample_ids, np.int64)
        return cls(
            labels=tuple(distinct),
            counts=counts,
            vocabulary=vocabulary,
            rarity=rarity,
            words=words,
            rows=rows,
            saturation=saturation,
            members=np.lexsort((ids, codes)),
            labelled=offsets(counts),
            samples=ids,
            codes=codes,
            tasks=task_of,
            task_codes=task_codes,
            images=np.where(picture_codes == hashes.get("", NO_IMAGE), NO_IMAGE, picture_codes),
            by_id=np.argsort(ids, kind="stable"),
            keys=np.array([hash_text(label) for label in distinct], np.uint64),
        )

    def scores(self, skill: str) -> Floats:
        """The BM25Okapi score of each of ``labels`` for a skill, shape (labels,); 0 where no word matches.

        Where none is above zero, because every word of the skill is in half of the labels or more, each word counts
        with at least ``FLOOR``: then every label that shares a word has a score above zero.
        """
        scores = self._scores(skill, -math.inf)
        return scores if (scores > 0).any() else self._scores(skill, FLOOR)

    def _scores(self, skill: str, floor: float) -> Floats:
        scores = np.zeros(len(self.labels))
        for word in tokenise(skill):
            column = self.vocabulary.get(word)
            if column is not None:
                found = slice(self.words[column], self.words[column + 1])
                scores[self.rows[found]] += max(self.rarity[column], floor) * self.saturation[found]
        return scores

    def search(self, skill: str, *, seed: int) -> Iterator[Hit]:
        """The samples whose labels match a skill, best first, computed lazily.

        Labels come by score, equal scores in a seeded order. Within a label, a seeded order alternates between source
        tasks. No image comes twice. Labels with a score of 0 or less are no hits.
        """
        scores = self.scores(skill)
        shown: set[int] = set()
        for label in self._ranked(scores, seed):
            terms = matched_terms(skill, self.labels[label])
            members = self._interleaved_members(label, seed)
            for sample, image in zip(self.samples[members].tolist(), self.images[members].tolist(), strict=True):
                if image in shown:
                    continue
                if image != NO_IMAGE:
                    shown.add(image)
                yield Hit(sample=sample, skill=skill, score=float(scores[label]), terms=terms)

    def hits_of(self, skill: str, samples: Iterable[int]) -> list[Hit]:
        """These samples as hits of a skill, in the given order, whether or not they match it; unknown ids are
        skipped."""
        scores = self.scores(skill)
        places = [place for place in map(self._position, samples) if place is not None]
        return [self._hit(skill, scores, place) for place in places]

    def hits_of_task(self, skill: str, task: str, *, seed: int) -> list[Hit]:
        """All samples of a source task as hits of a skill: by score, equal scores in a seeded order."""
        code = self.task_codes.get(task)
        if code is None:
            return []
        scores = self.scores(skill)
        places = np.flatnonzero(self.tasks == code)
        places = places[np.argsort(self.samples[places])]
        shuffled = np.random.default_rng([seed & 0xFFFFFFFF, hash_text(task)]).permutation(places)
        ranked = shuffled[np.argsort(-scores[self.codes[shuffled]], kind="stable")]
        return [self._hit(skill, scores, place) for place in ranked.tolist()]

    def task_of(self, sample: int) -> int | None:
        """The code of the sample's source task (see ``task_codes``); None for unknown ids."""
        place = self._position(sample)
        return None if place is None else int(self.tasks[place])

    def strength(self, skill: str, terms: Collection[str]) -> float:
        """The share of a skill's words that are in ``terms``, weighted by rarity, in [0, 1]; 0 for a skill without
        words.

        A word that no label contains has the highest possible rarity. As in ``scores``, words count with at least
        ``FLOOR`` where none of those that labels contain is rare.
        """
        unheard = math.log(int(self.counts.sum()) + 0.5) - math.log(0.5)
        words = tokenise(skill)
        known = {word: float(self.rarity[self.vocabulary[word]]) for word in words if word in self.vocabulary}
        floor = -math.inf if max(known.values(), default=0.0) > 0 else FLOOR
        rarity = {word: max(known[word], floor) if word in known else unheard for word in words}
        whole = sum(rarity.values())
        return sum(rarity[word] for word in terms if word in rarity) / whole if whole > 0 else 0.0

    def count_matching(self, skill: str) -> int:
        """The number of samples with a label that matches the skill, repeated images included."""
        return int(self.counts[self.scores(skill) > 0].sum())

    def image_of(self, sample: int) -> int | None:
        """The code of the sample's image, None without one. Raises KeyError for unknown ids."""
        place = self._position(sample)
        if place is None:
            raise KeyError(sample)
        code = int(self.images[place])
        return None if code == NO_IMAGE else code

    def _position(self, sample: int) -> int | None:
        place = int(np.searchsorted(self.samples, sample, sorter=self.by_id))
        if place == len(self.by_id) or self.samples[self.by_id[place]] != sample:
            return None
        return int(self.by_id[place])

    def _hit(self, skill: str, scores: Floats, place: int) -> Hit:
        label = int(self.codes[place])
        terms = matched_terms(skill, self.labels[label])
        return Hit(sample=int(self.samples[place]), skill=skill, score=float(scores[label]), terms=terms)

    def _ranked(self, scores: Floats, seed: int) -> Iterator[int]:
        """The matching labels, best first; the top ones are sorted first, because most callers need only a few."""
        found = np.flatnonzero(scores > 0)
        best = scores[found]
        cut = np.partition(best, -TOP_K)[-TOP_K] if len(found) > 2 * TOP_K else 0.0
        for part in (found[best >= cut], found[best < cut]):
            yield from part[np.lexsort((seeded_hash(self.keys[part], seed), -scores[part]))].tolist()

    def _interleaved_members(self, label: int, seed: int) -> Integers:
        """The positions of a label's samples in the seeded order that alternates between tasks."""
        members = self.members[self.labelled[label] : self.labelled[label + 1]]
        if len(members) == 1:
            return members
        # The entropy that default_rng would derive from [seed, key], at a tenth of the cost.
        key = int(self.keys[label])
        words = [seed & 0xFFFFFFFF, key & 0xFFFFFFFF, *([key >> 32] if key >> 32 else [])]
        random = np.random.default_rng(np.array(words, np.uint32))
        shuffled = random.permutation(members)
        of = self.tasks[shuffled]
        if (of == of[0]).all():
            return shuffled
        grouped = np.argsort(of, kind="stable")
        new = np.ones(len(members), np.bool_)
        np.not_equal(of[grouped[1:]], of[grouped[:-1]], out=new[1:])
        begins, task = np.flatnonzero(new), np.cumsum(new) - 1
        turn, first = np.empty_like(members), np.empty_like(members)
        turn[grouped] = np.arange(len(members)) - begins[task]
        first[grouped] = grouped[begins[task]]
        return shuffled[np.lexsort((first, turn))]
