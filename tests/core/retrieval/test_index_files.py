"""A saved index is the same when opened, and a damaged one is not opened."""

from dataclasses import fields
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.retrieval.index import SkillIndex
from core.retrieval.index_files import ARRAYS, open_index, save_index

Row = tuple[str, str, str | None]
WORDS = ("reading", "digits", "números", "of", "adding")
ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(("a", "b", "c")),
        st.sampled_from((None, "x", "y", "z")),
    ),
    min_size=1,
    max_size=20,
)


def index_of(rows: list[Row]) -> SkillIndex:
    labels, tasks, images = zip(*rows, strict=True)
    return SkillIndex.build(labels, range(7, 7 + len(rows)), tasks, images)


@given(ROWS)
def test_an_opened_index_is_the_saved_one(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str | None]]
) -> None:
    made = index_of(rows)
    folder = tmp_path_factory.mktemp("index") / "one"
    save_index(made, folder)
    found = open_index(folder)
    assert found is not None
    for each in fields(SkillIndex):
        one, other = getattr(made, each.name), getattr(found, each.name)
        assert np.array_equal(one, other) if each.name in ARRAYS else one == other
    for skill in ("reading digits", "adding números"):
        assert list(islice(found.search(skill, seed=3), 50)) == list(islice(made.search(skill, seed=3), 50))
        assert found.hits_of_task(skill, "a", seed=1) == made.hits_of_task(skill, "a", seed=1)


def test_no_index_and_a_damaged_one_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    assert open_index(folder) is None
    for name, content in (("texts.json", b"{"), ("texts.json", b'{"format": 0}'), ("saturation.npy", b"\x93NUMPY")):
        save_index(index_of([("reading", "a", None)]), folder)
        assert open_index(folder) is not None
        (folder / name).write_bytes(content)
        assert open_index(folder) is None
