"""Retrieval gives rank_bm25's scores bit by bit, in an order that is seeded, lazy and fair."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from core.errors import UserError
from core.retrieval.bm25 import FLOOR, K1, seeded_hash
from core.retrieval.index import SkillIndex
from core.retrieval.terms import tokenise

WORDS = ("reading", "digits", "of", "adding", "numbers", "colours", "codes")
LABEL = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.sampled_from(
    ("...", "reading", "Adding; CODES!")
)
# Also sets of a few labels that come again and again, as labels by group do.
LABELS = st.lists(LABEL, min_size=1, max_size=25) | st.builds(
    lambda few, times: few * times, st.lists(LABEL, min_size=1, max_size=3), st.integers(1, 9)
)
QUERIES = st.lists(st.sampled_from((*WORDS, "unseen")), max_size=5).map(" ".join)


def index_of(
    labels: Sequence[str], tasks: Sequence[str] | None = None, images: Sequence[str | None] | None = None
) -> SkillIndex:
    """An index whose sample ids are 100, 101, …"""
    ids = range(100, 100 + len(labels))
    return SkillIndex.build(labels, ids, tasks or [""] * len(labels), images or [None] * len(labels))


def scores_by_sample(index: SkillIndex, labels: Sequence[str], skill: str) -> list[float]:
    by_label = dict(zip(index.labels, index.scores(skill).tolist(), strict=True))
    return [by_label[label] for label in labels]


def found(index: SkillIndex, skill: str, seed: int = 0) -> list[int]:
    return [hit.sample for hit in index.search(skill, seed=seed)]


def test_words_are_lower_case_runs_of_letters_and_digits() -> None:
    assert tokenise("Reading 2-digit Números; CODES!") == ("reading", "2", "digit", "números", "codes")


@given(LABELS, QUERIES)
def test_scores_are_bit_equal_to_rank_bm25_over_every_sample(labels: list[str], query: str) -> None:
    if not any(map(tokenise, labels)):
        with pytest.raises(UserError, match="switchpoint label"):
            index_of(labels)
        return
    expected = BM25Okapi([list(tokenise(label)) for label in labels]).get_scores(list(tokenise(query)))
    got = scores_by_sample(index_of(labels), labels, query)
    if (expected > 0).any():
        assert got == expected.tolist()
        return
    shares = [bool(set(tokenise(query)) & set(tokenise(label))) for label in labels]
    assert [score > 0 for score in got] == shares, "where it scores none above zero, a shared word is a hit"


def test_scores_are_bit_equal_to_rank_bm25_on_ten_thousand_samples() -> None:
    random = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(400)])
    chance = 1 / np.arange(1, 401)
    distinct = [" ".join(random.choice(words, random.integers(1, 9), p=chance / chance.sum())) for _ in range(600)]
    labels = [distinct[i] for i in random.zipf(1.3, 10_000) % 600]
    oracle = BM25Okapi([list(tokenise(label)) for label in labels])
    index = index_of(labels)
    for query in ("word0 word7 word0", "word399 word12 nothing", "word1", *distinct[:9]):
        assert scores_by_sample(index, labels, query) == oracle.get_scores(list(tokenise(query))).tolist()


def test_hits_come_best_first_with_their_score_and_the_words_that_matched() -> None:
    labels = ["adding numbers", "naming colours", "adding and reading numbers", "reading codes", "sorting things"]
    index = index_of(labels)
    hits = list(index.search("Numbers: reading numbers", seed=0))
    assert hits[0].sample == 102
    assert hits[0].terms == ("numbers", "reading")
    assert {hit.sample for hit in hits} == {100, 102, 103}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].score == index.scores("Numbers: reading numbers")[2]
    assert {hit.skill for hit in hits} == {"Numbers: reading numbers"}


def test_a_set_of_one_label_gives_its_samples() -> None:
    index = index_of(["naming a colour"] * 5)
    assert sorted(found(index, "naming a colour")) == [100, 101, 102, 103, 104]
    assert index.count_matching("Naming the COLOUR of things") == 5
    assert found(index, "counting legs") == []


def test_words_of_half_of_the_labels_give_the_labels_that_hold_them() -> None:
    index = index_of(["naming colours"] * 4 + ["counting legs"] * 4)
    assert sorted(found(index, "naming colours")) == [100, 101, 102, 103]
    assert sorted(found(index, "counting")) == [104, 105, 106, 107]


def test_under_the_floor_the_label_with_more_of_the_words_comes_first() -> None:
    index = index_of(["naming"] * 3 + ["naming colours"] * 5)
    assert [sample >= 103 for sample in found(index, "naming colours")] == [True] * 5 + [False] * 3
    assert 0 < max(index.scores("naming colours")) < 2 * FLOOR * (K1 + 1)


def test_common_words_are_no_weak_match_where_nothing_rarer_is_asked_for() -> None:
    index = index_of(["naming a colour"] * 5)
    assert index.strength("naming a colour", ("naming", "a", "colour")) == pytest.approx(1)
    assert index.strength("naming a colour", ("naming",)) == pytest.approx(1 / 3)
    assert index.strength("naming a shade", ("naming", "a")) < 0.1, "a word of no label outweighs them"


def test_labels_that_share_no_word_are_no_hits() -> None:
    assert found(index_of(["adding", "reading", "sorting"]), "colours") == []
    assert found(index_of(["adding", "reading", "sorting"]), "?!") == []


def test_one_seed_gives_one_order_and_another_seed_another() -> None:
    index = index_of(["adding"] * 30 + ["reading"] * 40)
    assert found(index, "adding", seed=3) == found(index, "adding", seed=3)
    assert found(index, "adding", seed=3) != found(index, "adding", seed=4)
    assert sorted(found(index, "adding", seed=3)) == sorted(found(index, "adding", seed=4))


def test_labels_of_equal_score_come_in_a_seeded_order() -> None:
    labels = [f"adding {name}" for name in ("apples", "pears", "plums", "cars")] + ["reading maps"] * 6
    firsts = {next(index_of(labels).search("adding", seed=seed)).sample for seed in range(40)}
    assert firsts == {100, 101, 102, 103}


def test_the_order_does_not_hang_on_the_order_of_the_support_set() -> None:
    labels = ["adding apples"] * 5 + ["adding pears"] * 5 + ["reading maps"] * 15
    ids = list(range(25))
    tasks = ["sums" if i % 2 else "shop" for i in ids]
    forth = SkillIndex.build(labels, ids, tasks, [None] * 25)
    back = SkillIndex.build(labels[::-1], ids[::-1], tasks[::-1], [None] * 25)
    assert found(forth, "adding", seed=5) == found(back, "adding", seed=5)


def test_inside_a_label_the_source_tasks_alternate() -> None:
    tasks = ["big"] * 20 + ["small"] * 3 + ["middle"] * 6
    index = index_of(["adding"] * 29 + ["reading"] * 40, tasks + ["other"] * 40)
    order = [tasks[sample - 100] for sample in found(index, "adding")]
    assert all(Counter(order[i : i + 3]) == Counter(("big", "small", "middle")) for i in (0, 3, 6))
    assert all(Counter(order[i : i + 2]) == Counter(("big", "middle")) for i in (9, 11, 13))
    assert order[15:] == ["big"] * 14


def test_no_image_comes_twice() -> None:
    images = ["a", "a", None, None, "b", "a", "b"]
    labels = ["adding"] * 5 + ["adding numbers"] * 2
    index = index_of([*labels, *["reading"] * 9], images=[*images, *[None] * 9])
    shown = [images[sample - 100] for sample in found(index, "adding numbers")]
    assert Counter(shown) == {"a": 1, "b": 1, None: 2}


def test_an_image_is_known_by_a_number_of_its_own() -> None:
    index = index_of(["adding"] * 4, images=["a", None, "b", "a"])
    assert index.image_of(100) == index.image_of(103) != index.image_of(102)
    assert index.image_of(101) is None
    with pytest.raises(KeyError):
        index.image_of(99)
    with pytest.raises(KeyError):
        index.image_of(200)


def test_hits_are_made_as_they_are_asked_for() -> None:
    index = index_of(["adding"] * 20_000 + [f"reading {i}" for i in range(30_000)])
    assert len(list(islice(index.search("adding", seed=0), 3))) == 3


def test_columns_of_different_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="same samples"):
        SkillIndex.build(["adding"], [1, 2], [""], [None])


def test_the_best_labels_come_in_the_order_that_sorting_all_of_them_gives() -> None:
    random = np.random.default_rng(1)
    labels = [" ".join([f"own{i}", *random.choice(WORDS, random.integers(1, 4)).tolist()]) for i in range(900)]
    index = index_of(labels)
    scores = index.scores("reading codes")
    matching = np.flatnonzero(scores > 0)
    assert len(matching) > 300, "more than are sorted first"
    order = matching[np.lexsort((seeded_hash(index.keys[matching], 5), -scores[matching]))]
    assert found(index, "reading codes", seed=5) == (100 + order).tolist()
    assert found(index, "reading codes", seed=0) != (100 + matching).tolist()
