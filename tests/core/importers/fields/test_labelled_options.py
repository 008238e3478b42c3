"""Options that carry labels: the label says what an answer means, wherever its option stands in the list.

Made after modelscope/evalscope #1516, sapientinc/HRM-Text #2 (ARC's numbered options), lm-evaluation-harness #1760 and
VLMEvalKit #1559 (an option that is null).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importers import read_samples
from core.importers.fields.option_cells import cell_options

ANIMALS = ("a cat", "a dog", "a fox", "an owl")


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    lines = (json.dumps({"id": str(at), "question": f"Who sits there, {at}?"} | row) for at, row in enumerate(rows))
    path.write_text("\n".join(lines))
    return path


def truths(path: Path) -> list[str]:
    return [sample.answer for sample in read_samples(path, role="validation").samples]


@pytest.mark.parametrize(
    "cell",
    [
        {"text": ["a dog", "a cat", "an owl", "a fox"], "label": ["B", "A", "D", "C"]},
        [{"label": "B", "text": "a dog"}, {"label": "A", "text": "a cat"}, {"label": "D", "text": "an owl"},
         {"label": "C", "text": "a fox"}],
        [{"D": "an owl"}, {"A": "a cat"}, {"C": "a fox"}, {"B": "a dog"}],
        ["B. a dog", "A. a cat", "D. an owl", "C. a fox"],
        ["(A) a cat", "(B) a dog", "(C) a fox", "(D) an owl"],
        "['C: a fox', 'B: a dog', 'A: a cat', 'D: an owl']",
        {"c": "a fox", "a": "a cat", "d": "an owl", "b": "a dog"},
    ],
)  # fmt: skip
def test_a_letter_means_the_option_that_it_labels(cell: object, tmp_path: Path) -> None:
    path = written(tmp_path, *({"options": cell, "answer": letter} for letter in "ABCD"))
    assert truths(path) == list(ANIMALS)
    assert cell_options(cell) == list(ANIMALS), "and a model is shown them in that order"


@pytest.mark.parametrize("first", [0, 1])
def test_a_numeral_means_the_option_that_it_labels(first: int, tmp_path: Path) -> None:
    numbers = [str(first + at) for at in range(4)]
    choices = {"text": ANIMALS, "label": numbers}
    rows = [{"choices": choices, "answerKey": number} for number in numbers[:3]]
    assert truths(written(tmp_path, *rows)) == list(ANIMALS[:3])
    lettered = {"choices": {"text": ANIMALS, "label": list("ABCD")}, "answerKey": "D"}
    assert truths(written(tmp_path, *rows, lettered, lettered, lettered)) == [*ANIMALS[:3], *ANIMALS[3:] * 3]


def test_columns_that_count_their_options_from_one_have_answers_that_do(tmp_path: Path) -> None:
    options = {f"option{at}": text for at, text in enumerate(ANIMALS, 1)}
    path = written(tmp_path, options | {"answer": "1"}, options | {"answer": "2"})
    assert truths(path) == ["a cat", "a dog"]
    assert truths(written(tmp_path, options | {"answer": 0}, options | {"answer": 2})) == ["a cat", "a fox"]


@pytest.mark.parametrize(
    "cell",
    [
        ["a cat", None, "a fox", "an owl"],
        ["a cat", "", "a fox"],
        {"A": "a cat", "B": None, "C": "a fox", "D": "an owl"},
        {"A": "a cat", "C": "a fox", "D": "an owl"},
        [{"key": "A", "value": "a cat"}, {"key": "C", "value": "a fox"}],
        {"text": ["a cat", None, "a fox"], "label": ["A", "B", "C"]},
    ],
)
def test_an_option_that_is_left_out_moves_no_other(cell: object, tmp_path: Path) -> None:
    (refused,) = read_samples(written(tmp_path, {"options": cell, "answer": "C"}), role="validation").refused
    assert refused.field == "options"
    assert refused.reason == "Option B is empty, but a later one is not: fill it in."


def test_options_that_are_null_at_the_end_are_none(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"options": [*ANIMALS, None], "answer": "D"},
        {"options": {"A": "x", "B": "y", "C": None}, "answer": "B"},
    )
    assert truths(path) == ["an owl", "y"]


def test_a_label_that_is_there_twice_is_said(tmp_path: Path) -> None:
    cell = {"text": ["a cat", "a dog"], "label": ["A", "A"]}
    (refused,) = read_samples(written(tmp_path, {"options": cell, "answer": "A"}), role="validation").refused
    assert "the same label (A, A)" in refused.reason


def test_rows_without_a_label_are_no_samples_without_options(tmp_path: Path) -> None:
    rows = [{"ctx": "He runs and", "endings": ["falls", "flies"], "label": -1}] * 2
    assert not read_samples(written(tmp_path, *rows), role="validation").samples


@given(st.permutations(range(4)), st.integers(0, 3))
def test_the_order_in_the_file_changes_nothing(order: list[int], right: int) -> None:
    cell = [{"label": "ABCD"[at], "text": ANIMALS[at]} for at in order]
    assert cell_options(cell)["ABCD".index("ABCD"[right])] == ANIMALS[right]


@given(st.lists(st.sampled_from(["a cat", "A. Smith", "B. Jones", "3", "2. x", "no"]), min_size=2, unique=True))
def test_plain_options_stay_in_their_order(options: list[str]) -> None:
    if sorted(each[0] for each in options if each[1:2] == ".") != list("AB")[: len(options)] or len(options) != 2:
        assert cell_options(options) == options


@pytest.mark.parametrize("answers", [[[0], [1]], ["[0]", "[1]"], ["('a cat',)", "{'a dog'}"], ["['A']", "('B',)"]])
def test_one_answer_in_a_list_is_that_answer(answers: list[Any], tmp_path: Path) -> None:
    path = written(tmp_path, *({"options": ["a cat", "a dog"], "answer": each} for each in answers))
    assert truths(path) == ["a cat", "a dog"]


def test_options_without_commas_between_some_of_them_are_refused_not_a_bug(tmp_path: Path) -> None:
    read = read_samples(written(tmp_path, {"options": "['a cat', 'a dog' 'a fox']", "answer": "A"}), role="validation")
    assert [(each.field, each.reason[:29]) for each in read.refused] == [("options", "This is a list without commas")]


def test_small_letters_label_options_in_a_list(tmp_path: Path) -> None:
    read = read_samples(written(tmp_path, {"options": "('(b) a dog', '(a) a cat')", "answer": "b"}), role="validation")
    assert (read.samples[0].options, read.samples[0].answer) == (("a cat", "a dog"), "a dog")
