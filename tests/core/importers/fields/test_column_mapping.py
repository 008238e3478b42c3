"""Column mappings: proposals for published data sets, and mappings by the user."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.importers import propose_mapping, read_samples
from core.importers.fields.cells_as_text import cell_texts
from core.importers.fields.inline_options import split_options
from core.importers.fields.option_cells import cell_options
from core.importers.fields.options_and_answers import ANSWER_FORMS, answer_form, parse_truth
from core.importers.formats.training_text import as_support_sample
from core.importers.results import RowError
from core.types import Sample

IMAGE = {"bytes": b"\x89PNG", "path": None}
PUBLISHED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "ScienceQA on the Hub": (
        {"image": IMAGE, "question": "Which?", "choices": ["a", "b"], "answer": 1, "hint": "", "task": "closed choice",
         "grade": "grade2", "subject": "natural science", "topic": "physics", "category": "Magnets", "skill": "Compare",
         "lecture": "Magnets attract.", "solution": "So b."},
        {"image": "image", "question": "question", "options": "choices", "answer": "answer", "category": "category",
         "task": "task", "hint": "hint", "lecture": "lecture", "response": "solution", "skill_label": "skill",
         "answer_as": "index"},
    ),
    "A-OKVQA": (
        {"image": IMAGE, "question_id": "22Mex", "question": "What?", "choices": ["car", "bus"],
         "correct_choice_idx": 1, "direct_answers": "['bus', 'bus']", "rationales": ["It is long."]},
        {"id": "question_id", "image": "image", "question": "question", "options": "choices",
         "answer": "correct_choice_idx", "answers": "direct_answers", "answer_as": "index"},
    ),
    "VQAv2": (
        {"question_type": "what is", "multiple_choice_answer": "bus", "answers": [{"answer": "bus", "answer_id": 1}],
         "image_id": 7, "answer_type": "other", "question_id": 70, "question": "What is it?", "image": IMAGE},
        {"id": "question_id", "image": "image", "question": "question", "answer": "multiple_choice_answer",
         "answers": "answers", "category": "question_type"},
    ),
    "TextVQA": (
        {"image_id": "a1", "question_id": 3, "question": "What does it say?", "image": IMAGE, "answers": ["stop"] * 10},
        {"id": "question_id", "image": "image", "question": "question", "answers": "answers"},
    ),
    "MathVista": (
        {"pid": "1", "question": "How many?", "image": "images/1.jpg", "decoded_image": IMAGE, "choices": None,
         "answer": "4", "question_type": "free_form"},
        {"id": "pid", "image": "decoded_image", "question": "question", "options": "choices", "answer": "answer",
         "category": "question_type", "answer_as": "text"},
    ),
    "MMBench on the Hub": (
        {"index": 5, "question": "Which?", "hint": "", "answer": "B", "A": "cat", "B": "dog", "C": None, "D": None,
         "category": "identity", "image": "iVBORw0KGgo" + "A" * 80, "l2-category": "attributes", "split": "dev"},
        {"id": "index", "image": "image", "question": "question", "options": "A|B|C|D", "answer": "answer",
         "category": "category", "task": "l2-category", "hint": "hint", "split": "split", "answer_as": "letter"},
    ),
    "ARC": (
        {"id": "Mercury_7", "question": "Which?", "choices": {"text": ["cat", "dog"], "label": ["A", "B"]},
         "answerKey": "B"},
        {"id": "id", "question": "question", "options": "choices", "answer": "answerKey", "answer_as": "letter"},
    ),
    "names that say nothing": (
        {"nr": 1, "pic": "a/one.jpg", "asked": "Which one is it?", "possible": ["cat", "dog"], "right": "dog"},
        {"image": "pic", "question": "asked", "options": "possible", "answer": "right", "answer_as": "text"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_columns_of_a_published_data_set_are_found(name: str) -> None:
    row, mapping = PUBLISHED[name]
    assert propose_mapping(list(row), [row]) == mapping


@pytest.mark.parametrize(
    ("given_mapping", "says"),
    [
        ({"answer": "gone"}, "has no column “gone”: its columns are id, question, right"),
        ({"truth": "right"}, "there is no field “truth”: choose among id, image"),
        ({"options": "right|gone"}, "has no column “gone”"),
        ({"answer": "right", "question": ""}, "looks like the question"),
        ({"answer": "right", "answer_as": "number-ish"}, "answers are read as one of text, letter, index, number"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_would_be_right(
    tmp_path: Path, given_mapping: dict[str, str], says: str
) -> None:
    (tmp_path / "set.csv").write_text("id,question,right\n1,Which?,blue\n")
    with pytest.raises(UserError, match=says) as raised:
        read_samples(tmp_path / "set.csv", role="validation", mapping=given_mapping)
    assert str(raised.value).startswith("set.csv")


def test_a_mapping_by_hand_overrides_what_was_found_and_may_leave_a_field_out(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("id,question,A,B,answer,hint\n1,Which?,2,1,1,Look\n")
    (sample,) = read_samples(tmp_path / "set.csv", role="validation").samples
    assert (sample.answer, sample.hint) == ("1", "Look")
    mapping = {"hint": "", "answer_as": "number"}
    (sample,) = read_samples(tmp_path / "set.csv", role="validation", mapping=mapping).samples
    assert (sample.answer, sample.hint) == ("2", "")


OPTIONS = ("cat", "dog", "3")


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        (["cat", "dog"], "text"),
        (["Cat.", "the dog"], "text"),
        (["A", "c"], "letter"),
        (["(B)", "C."], "letter"),
        ([0, 2, 1], "index"),
        (["0", "1"], "index"),
        ([1, 3], "number"),
        ([1.0, 2.0, 0.0], "index"),
        ([1, 2], "index"),
    ],
)
def test_how_answers_name_an_option_is_settled_by_all_rows(answers: list[Any], form: str) -> None:
    assert answer_form([(OPTIONS, answer) for answer in answers]) == form


@given(form=st.sampled_from(list(ANSWER_FORMS)), at=st.integers(0, 3))
def test_an_answer_in_any_form_names_its_option(form: str, at: int) -> None:
    options = ("cat", "dog", "3", "fish")
    written = {"text": options[at], "letter": "ABCD"[at], "index": at, "number": at + 1}[form]
    assert parse_truth(written, options, form) == options[at]


@pytest.mark.parametrize(
    ("answer", "form"),
    [("", "text"), ("cow", "text"), ("E", "letter"), (3, "index"), (0, "number"), (-1, "index"), (True, "index")],
)
def test_an_answer_that_names_none_of_the_options_is_refused(answer: Any, form: str) -> None:
    with pytest.raises(RowError):
        parse_truth(answer, OPTIONS, form)


def test_options_that_differ_in_capitals_only_need_an_exact_answer() -> None:
    options = ("Dear ann,", "Dear Ann,")
    assert parse_truth("Dear Ann,", options, "text") == "Dear Ann,"
    with pytest.raises(RowError):
        parse_truth("DEAR ANN,", options, "text")


words = (
    st.text("abcdefghij äß'\"[]{}", min_size=1, max_size=12).map(str.strip).filter(lambda text: text not in ("", "nan"))
)


@given(texts=st.lists(words, min_size=2, max_size=5))
def test_a_list_in_a_cell_is_read_back_as_json_and_as_python_write_it(texts: list[str]) -> None:
    assert (
        cell_texts(json.dumps(texts))
        == cell_texts(repr(texts))
        == cell_texts(texts)
        == cell_options(json.dumps(texts))
        == texts
    )


@pytest.mark.parametrize(
    "cell", ["[" * 5000 + "]" * 5000, "[" + "-" * 50_000 + "1]", "{1: " * 300 + "1" + "}" * 300, "[1, 2", "{1: 2}}"]
)
def test_a_cell_that_only_looks_like_a_list_is_one_text(cell: str) -> None:
    assert cell_texts(cell) == [cell]


plain = (
    st.text("abcdefghijklmnop ", min_size=1, max_size=10)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: len(text) > 1)
)


@given(options=st.lists(plain, min_size=2, max_size=8, unique=True), at=st.integers(0, 7), hint=plain)
def test_options_written_into_a_support_samples_prompt_come_back(options: list[str], at: int, hint: str) -> None:
    answer = options[at % len(options)]
    sample = Sample(source_id="1", question="Which one?", options=tuple(options), answer=answer, hint=hint)
    written = as_support_sample(sample)
    assert split_options(written.question) == (f"{hint}\nWhich one?", tuple(options))
    assert (written.options, written.answer, written.response.endswith(answer)) == ((), answer, True)
