"""Columns that could stand for one field: an instruction and its input, options in the question, two truths."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import ImportedSamples, open_samples, read_samples
from core.parsing.scoring import score_answer
from core.types import Role


def read(
    folder: Path, rows: Sequence[Any], mapping: Mapping[str, str] | None = None, role: Role = "validation"
) -> ImportedSamples:
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_samples(folder / "set.jsonl", role=role, mapping=mapping)


def test_an_instruction_and_its_input_are_the_question(tmp_path: Path) -> None:
    rows = [{"instruction": "Look.", "input": f"What is {n}?", "output": "x"} for n in range(2)]
    rows.append({"instruction": "What is it?", "input": "", "output": "x"})
    found = read(tmp_path, rows, {"answer": "output"})
    assert [sample.question for sample in found.samples] == ["Look.\nWhat is 0?", "Look.\nWhat is 1?", "What is it?"]
    with open_samples(tmp_path / "set.jsonl", role="validation", mapping={"answer": "output"}) as file:
        assert file.mapping["question"] == "instruction|input"
    hinted = read(tmp_path, rows, {"answer": "output", "hint": "input"}).samples[0]
    assert (hinted.question, hinted.hint) == ("Look.", "What is 0?")


def test_a_prompt_that_is_the_same_in_every_row_is_not_the_whole_question(tmp_path: Path) -> None:
    rows = [{"prompt": "Answer with one word.", "text": f"What is {n}?", "answer": "x"} for n in range(2)]
    assert [each.question for each in read(tmp_path, rows).samples] == [
        f"Answer with one word.\nWhat is {n}?" for n in range(2)
    ]
    rows = [{"question": f"What is {n}?", "query": f"Hint: look. What is {n}?", "answer": "x"} for n in range(2)]
    assert read(tmp_path, rows).samples[0].question == "What is 0?"


def test_options_in_the_question_are_split_off_where_the_answer_names_one(tmp_path: Path) -> None:
    told = {"meta_info": {"source": "X", "split": "val"}, "bbox": [1, 2, 3, 4], "tags": ["a", "b"]}
    rows = [
        {"question": "Which?\nOptions: A: a red, round cup, B: two", "answer": "A", **told},
        {"question": "Which?\n(A) red\n(B) blue", "answer": "blue", **told},
        {"question": "What does Options: A: x, B: y mean?", "answer": "a list", **told},
    ]
    found = read(tmp_path, rows)
    assert [(each.options, each.answer) for each in found.samples] == [
        (("a red, round cup", "two"), "a red, round cup"),
        (("red", "blue"), "blue"),
        ((), "a list"),
    ]
    assert [each.options for each in read(tmp_path, rows, {"options": ""}).samples] == [()] * 3
    assert read(tmp_path, rows, role="support").samples[0].question == rows[0]["question"]


@pytest.mark.parametrize("column", [None, [], ["A", "B"], "A|B"])
def test_options_in_the_question_are_found_where_the_options_column_is_empty_or_names_letters_only(
    column: Any, tmp_path: Path
) -> None:
    rows = [
        {"question": "Which?", "options": ["red", "blue"], "answer": "A"},
        {"question": "Which one?\nA. green\nB. grey", "options": column, "answer": "B"},
    ]
    found = read(tmp_path, rows)
    assert [(each.question, each.options, each.answer) for each in found.samples] == [
        ("Which?", ("red", "blue"), "red"),
        ("Which one?", ("green", "grey"), "grey"),
    ]


def test_an_answer_with_its_letter_names_an_option_in_the_question(tmp_path: Path) -> None:
    rows = [{"question": f"Which, {n}?\nA. red\nB. blue", "answer": f"{'AB'[n]}. {('red', 'blue')[n]}"} for n in (0, 1)]
    assert [(each.options, each.answer) for each in read(tmp_path, rows).samples] == [
        (("red", "blue"), "red"),
        (("red", "blue"), "blue"),
    ]


def test_a_letter_that_none_of_the_options_in_the_question_has_is_refused(tmp_path: Path) -> None:
    rows = [{"question": "Which?\n(A) red\n(B) blue", "answer": answer} for answer in "AD"]
    (refused,) = read(tmp_path, rows).refused
    assert refused.reason == "The answer “D” names none of the options red · blue."


def test_options_in_the_question_are_found_beside_an_empty_column_for_them(tmp_path: Path) -> None:
    rows = [{"question": "Which?\n(A) red\n(B) blue", "choices": [], "answer": "B"}]
    assert read(tmp_path, rows).samples[0].answer == "blue"


def test_letters_without_options_are_remarked_on(tmp_path: Path) -> None:
    rows = [{"id": n, "question": "Which of them?", "answer": "AB"[n]} for n in range(2)]
    (note,) = read(tmp_path, rows).notes
    assert note.startswith("Most answers are letters (A, B), but no options were found")


def test_two_answers_that_differ_are_asked_for(tmp_path: Path) -> None:
    row = {"question": "Which?", "options": ["cat", "dog"], "answer": "A", "label": "dog"}
    with pytest.raises(UserError, match=r"“answer” and “label” could both be .*“cat” and “dog”.*answer=COLUMN"):
        read(tmp_path, [row])
    assert read(tmp_path, [row], {"answer": "label"}).samples[0].answer == "dog"
    assert read(tmp_path, [row | {"label": "cat"}]).samples[0].answer == "cat"
    assert read(tmp_path, [row | {"label": 0}]).samples[0].answer == "cat"
    free = {"question": "Which?", "answer": "cat", "gt_answer": "dog"}
    with pytest.raises(UserError, match="“answer” and “gt_answer”"):
        read(tmp_path, [free])


def test_lists_and_objects_are_never_taken_for_text(tmp_path: Path) -> None:
    turns = [{"speaker": "a", "said": "b"}, {"speaker": "c", "said": "d"}]
    (refused,) = read(tmp_path, [{"chat": turns, "answer": "x"}], {"question": "chat"}).refused
    assert refused.reason == "“question” must be text; the column “chat” holds lists or objects."
    (refused,) = read(tmp_path, [{"question": "?", "answer": "x", "hint": {"a": 1}}]).refused
    assert "“hint” must be text, not an object" in refused.reason
    told = read(tmp_path, [{"question": ["Which?"], "answer": ["x"], "category": ["a", "b"]}]).samples[0]
    assert (told.question, told.answer, told.category) == ("Which?", "x", "a, b")


@pytest.mark.parametrize("answers", [["2.5", "5/2"], ["2.5", "5/2", "2 1/2", "2,5", "two and a half"]])
@pytest.mark.parametrize("as_text", [True, False])
def test_each_truth_of_a_list_is_right(answers: list[str], as_text: bool, tmp_path: Path) -> None:
    row = {"question": "How long?", "answer": str(answers) if as_text else answers}
    (sample,) = read(tmp_path, [row]).samples
    assert [score_answer(each, sample)[0] for each in (*answers, "7")] == [True] * len(answers) + [False]


@pytest.mark.parametrize("answer", ["['B']", ["B"], "B"])
def test_a_list_of_one_answer_names_its_option(answer: Any, tmp_path: Path) -> None:
    row = {"question": "Which?", "options": ["cat", "dog"], "answer": answer}
    assert read(tmp_path, [row]).samples[0].answer == "dog"


def test_several_answers_to_a_question_with_options_are_refused(tmp_path: Path) -> None:
    rows = [{"question": "Which?", "options": ["cat", "dog"], "answer": answer} for answer in ("A", "['A', 'B']")]
    (refused,) = read(tmp_path, rows).refused
    assert "There are several answers (A · B)" in refused.reason


def test_a_question_file_holds_samples(tmp_path: Path) -> None:
    rows = [{"question_id": n, "image": None, "text": f"Is it {n}?", "label": "yes"} for n in range(2)]
    assert [each.question for each in read(tmp_path, rows).samples] == ["Is it 0?", "Is it 1?"]
    rows = [{"question_id": n, "text": f"Is it {n}?", "category": "x", "gold": "yes"} for n in range(2)]
    assert read(tmp_path, rows, {"question": "text", "answer": "gold"}).samples[0].question == "Is it 0?"
