"""Lists in the text of a cell, as JSON, Python, numpy and pandas write them."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importers.fields.cell_lists import list_in_text
from core.importers.fields.cells_as_text import cell_texts
from core.importers.fields.options_and_answers import truth_texts
from core.importers.results import RowError

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60), max_size=20)


@given(texts=texts)
def test_a_list_is_read_as_it_was_written(texts: list[str]) -> None:
    assert list_in_text(json.dumps(texts)) == list_in_text(repr(texts)) == texts


@given(texts=texts, width=st.sampled_from([20, 75]))
def test_an_array_is_read_as_it_was_printed(texts: list[str], width: int) -> None:
    with np.printoptions(linewidth=width):
        assert list_in_text(str(np.array(texts, dtype=object))) == texts
        assert list_in_text(repr({"text": np.array(texts, dtype=object)})) == {"text": texts}


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("['a' 'b'\n 'c']", ["a", "b", "c"]),
        ("[1 2 30]", ["1", "2", "30"]),
        ("[{'answer': 'net', 'answer_id': 1}\n {'answer': 'web', 'answer_id': 2}]", ["net", "web"]),
        ("{'text': array(['up', 'down'], dtype=object), 'label': array(['A', 'B'], dtype=object)}", ["up", "down"]),
        ("array(['up', 'down'], dtype='<U4')", ["up", "down"]),
        ("[\"it's\" 'so']", ["it's", "so"]),
        ("[np.str_('up'), np.str_('down')]", ["up", "down"]),
        ("[np.int64(3), np.float64(2.5)]", ["3", "2.5"]),
        ("[list(['up', 'down'])]", ["up", "down"]),
        ("np.array(['up', 'down'])", ["up", "down"]),
        ("Index(['up', 'down'], dtype='object', name='words')", ["up", "down"]),
        ("dict_values(['up', 'down'])", ["up", "down"]),
        ("OrderedDict([('A', 'up'), ('B', 'down')])", ["up", "down"]),
        ("[b'up' b'down']", ["up", "down"]),
        ("[u'up', u'down']", ["up", "down"]),
        ("['up', <NA>, 'down']", ["up", "down"]),
        ("[‘up’, ‘down’]", ["up", "down"]),
        ("('up', 'down')", ["up", "down"]),
        ("('up',)", ["up"]),
        ("{'up', 'down'}", ["up", "down"]),
        ("frozenset({'up', 'down'})", ["up", "down"]),
        ("(array(['up', 'down'], dtype=object),)", ["up", "down"]),
    ],
)
def test_what_pandas_writes_of_an_array_is_a_list(cell: str, found: list[str]) -> None:
    assert cell_texts(cell) == found


@pytest.mark.parametrize("cell", ["['a', 'b' 'c']", "['a' 'b' ... 'y' 'z']", "[0 1 ... 8 9]", '["a", … "z"]'])
def test_a_list_with_items_that_cannot_be_told_apart_or_are_missing_is_refused(cell: str) -> None:
    with pytest.raises(RowError, match=r"answers: This (is a list without commas|list was shortened).* JSON\."):
        cell_texts(cell, "answers")


@pytest.mark.parametrize(
    "text",
    [
        "[a b]",
        "[1, 2 3]",
        "[0, 1)",
        "array(" * 5000,
        "array(" * 80 + "1" + ")" * 80,
        "['a': 1]",
        "(3, 4)",
        "{1, 2}",
        "('a')",
        "(b) 'c')",
    ],
)
def test_other_texts_stay_texts(text: str) -> None:
    assert list_in_text(text) == text


def test_a_series_as_pandas_prints_it_is_refused() -> None:
    with pytest.raises(RowError, match="answers: This is a Series as pandas prints it"):
        cell_texts("0    up\n1    down\nName: words, dtype: object", "answers")


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60), min_size=1)
)
def test_tuples_sets_and_arrays_are_read_as_python_prints_them(texts: list[str]) -> None:
    assert list_in_text(repr(tuple(texts))) == list_in_text(repr([np.str_(each) for each in texts])) == texts
    read = list_in_text(repr(frozenset(texts)))
    assert sorted(read) == sorted(set(texts))


@pytest.mark.parametrize(
    ("cell", "truths"),
    [
        ("['2.5', '5/2']", ["2.5", "5/2"]),
        ('["liver"]', ["liver"]),
        (["liver", "a liver"], ["liver", "a liver"]),
        ("['liver' 'a liver']", ["liver", "a liver"]),
        ("[1, 2]", ["[1, 2]"]),
        ("[0, 1)", ["[0, 1)"]),
        ("liver", ["liver"]),
        ("[{'answer': 'net', 'answer_id': 1} {'answer': 'web', 'answer_id': 2}]", ["net", "web"]),
        ("{'text': ['net'], 'answer_start': [3]}", ["net"]),
        ({"text": "net", "score": 1}, ["net"]),
        ('{"total": 3}', ['{"total": 3}']),
        (3.0, ["3"]),
        ("[['net', 'web']]", ["net", "web"]),
        ("('net', 'web')", ["net", "web"]),
        ("['2.5', 2.5, None]", ["2.5", "2.5"]),
        ("{'answer': 'net', 'sure': 'yes'}", ["net"]),
        ("(3, 4)", ["(3, 4)"]),
        ("[]", []),
    ],
)
def test_a_truth_that_is_a_list_of_texts_is_several_truths(cell: Any, truths: list[str]) -> None:
    assert truth_texts(cell) == truths


def test_an_object_is_no_truth() -> None:
    with pytest.raises(RowError, match="must be text, not an object"):
        truth_texts({"value": 3, "unit": "cm"})
