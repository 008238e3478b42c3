"""Importing predictions, BIG-Bench Mistake's file, and ScienceQA's published GPT-3 results."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import ImportedPredictions, read_predictions, read_samples
from core.types import Sample

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data with the real samples is not here")
KNOWN = {
    "a": Sample(source_id="a", question="What sum?", options=("11", "12", "16", "3"), answer="16"),
    "free": Sample(source_id="free", question="What sum?", answer="16"),
}


def read(
    tmp_path: Path, *rows: Any, known: Mapping[str, Sample] = KNOWN, mapping: Mapping[str, str] | None = None
) -> ImportedPredictions:
    path = tmp_path / "predictions.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in rows))
    return read_predictions(path, known, mapping=mapping)


def test_given_steps_stay_as_they_are_and_gold_is_counted_among_those_kept(tmp_path: Path) -> None:
    steps = ["So the answer is (B).", "9 is left.", "7 is right. So the answer is (C)."]
    (prediction,) = read(tmp_path, {"id": "a", "steps": steps, "prediction": "C", "mistake_step": 3}).predictions
    assert (prediction.steps, prediction.gold_mistake_step) == (("9 is left.", "7 is right."), 2)
    assert prediction.text == "\n".join(steps)


def test_a_gold_step_that_only_states_the_answer_has_no_number(tmp_path: Path) -> None:
    steps = ["9 is left.", "So the answer is (B)."]
    (prediction,) = read(tmp_path, {"id": "a", "steps": steps, "mistake_step": 2}).predictions
    assert (prediction.steps, prediction.gold_mistake_step) == (("9 is left.",), None)


GIVEN = [
    ("C", "16", "given"),
    ("(c)", "16", "given"),
    ("sixteen", "16", "given"),
    (2, "16", "given"),
    (12, "12", "given"),
    ("18", "18", "other"),
    (18, "18", "other"),
    ("I don't know", None, "unclear"),
]


@pytest.mark.parametrize(("prediction", "answer", "reading"), GIVEN)
def test_a_given_prediction_may_be_letter_text_or_index(
    tmp_path: Path, prediction: Any, answer: str | None, reading: str
) -> None:
    (found,) = read(tmp_path, {"id": "a", "rationale": "Look at it well.", "prediction": prediction}).predictions
    assert (found.answer, found.reading) == (answer, reading)


def test_a_number_that_is_an_index_and_an_option_is_settled_by_the_rationale_or_refused(tmp_path: Path) -> None:
    told = read(tmp_path, {"id": "a", "rationale": "Look at it well. The answer is D.", "prediction": 3})
    assert told.predictions[0].answer == "3"
    first, second = ({"id": "b", "rationale": "Look at it well.", "prediction": place} for place in (0, 1))
    three = {"b": Sample(source_id="b", question="?", options=("3", "1"), answer="1")}
    assert read(tmp_path, second, known=three).predictions[0].answer == "1"
    assert read(tmp_path, first, known=three).predictions[0].answer == "3"
    both = {"b": Sample(source_id="b", question="?", options=("1", "2"), answer="1")}
    assert [each.field for each in read(tmp_path, second, known=both).refused] == ["prediction"]


def test_a_free_form_prediction_is_taken_as_it_is(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {"id": "free", "rationale": "Look at it well.", "prediction": 16}).predictions
    assert (found.answer, found.reading) == ("16", "given")


BROKEN = [
    ("{", "row"),
    ([1], "row"),
    ({"rationale": "x"}, "id"),
    ({"id": "a"}, "rationale"),
    ({"id": "a", "rationale": True}, "rationale"),
    ({"id": "a", "steps": []}, "steps"),
    ({"id": "a", "steps": ["x", 3]}, "steps"),
    ({"id": "a", "rationale": "x", "prediction": True}, "prediction"),
    ({"id": "a", "steps": ["Look at it."], "mistake_step": 2}, "mistake_step"),
    ({"id": "a", "steps": ["Look at it."], "mistake_step": 0}, "mistake_step"),
    ({"id": "a", "steps": ["Look at it."], "mistake_step": "1"}, "mistake_step"),
]


@pytest.mark.parametrize(("broken", "field"), BROKEN)
def test_a_broken_row_is_refused_with_line_and_field(tmp_path: Path, broken: Any, field: str) -> None:
    result = read(tmp_path, {"id": "free", "rationale": "Look at it well."}, broken)
    assert [(each.line, each.field) for each in result.refused] == [(2, field)]
    assert (result.found, len(result.predictions)) == (2, 1)


@pytest.mark.parametrize(
    "row", [{"id": "a", "conversations": []}, {"id": "a", "question": "?", "answer": "16", "explanation": "So."}]
)
def test_samples_in_place_of_predictions_are_pointed_out(tmp_path: Path, row: Any) -> None:
    with pytest.raises(UserError, match="holds samples"):
        read(tmp_path, row)


def test_a_dump_of_predictions_may_repeat_the_question(tmp_path: Path) -> None:
    row = {"question_id": "a", "question": "What sum?", "answer": "16", "model_output": "9 and 7.", "pred": "D"}
    assert [each.answer for each in read(tmp_path, row).predictions] == ["3"]


@pytest.mark.parametrize(
    ("row", "mapping", "says"),
    [
        ({"nr": "a", "rationale": "x"}, {}, r"looks like the id: say which one it is \(id=COLUMN\)"),
        ({"id": "a", "why": "x"}, {}, r"looks like the rationale"),
        ({"id": "a", "why": "x"}, {"rationale": "how"}, "has no column “how”: its columns are id, why"),
        ({"id": "a", "why": "x"}, {"reason": "why"}, "there is no field “reason”: choose among id, rationale"),
    ],
)
def test_columns_that_are_not_found_are_asked_for(tmp_path: Path, row: Any, mapping: Any, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(tmp_path, row, mapping=mapping)


def test_options_that_differ_in_capitals_only_are_told_apart(tmp_path: Path) -> None:
    known = {"a": Sample(source_id="a", question="?", options=("Dear ann,", "Dear Ann,"), answer="Dear Ann,")}
    row = {"id": "a", "rationale": "Names have capitals. The answer is A.", "prediction": 1}
    (found,) = read(tmp_path, row, known=known).predictions
    assert (found.answer, found.reading) == ("Dear Ann,", "given")


MISTAKE = {
    "input": "Which?\nOptions:\n(A) cat\n(B) dog",
    "steps": ["It is big.", "It barks.", "So the answer is (A)"],
    "target": "(B)",
    "answer": "(A)",
    "mistake_index": 1,
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mistake_index": 3}, "mistake_index"),
        ({"mistake_index": -1}, "mistake_index"),
        ({"mistake_index": True}, "mistake_index"),
        ({"steps": "It barks."}, "steps"),
        ({"input": 3}, "input"),
        ({"answer": 3}, "answer"),
    ],
)
def test_a_broken_big_bench_mistake_row_is_refused(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    result = read(tmp_path, MISTAKE | {"input": "Another?\n(A) cat\n(B) dog"}, MISTAKE | change)
    assert [(each.line, each.field) for each in result.refused] == [(2, field)]


def test_a_big_bench_mistake_task_without_options_is_free_form(tmp_path: Path) -> None:
    (sample,) = read(tmp_path, MISTAKE | {"input": "((-1 + 2)) =", "target": "1", "answer": "2"}).samples
    assert (sample.options, sample.answer) == ((), "1")


@needs_data
def test_all_of_palm_2s_rationales_are_imported() -> None:
    path = DATA / "bigbench-mistake" / "logical_deduction.jsonl"
    result = read_predictions(path, {})
    assert (result.found, len(result.samples), len(result.predictions), result.refused) == (300, 300, 300, ())
    written = [json.loads(line) for line in path.read_text().splitlines()]
    pairs = list(zip(written, result.samples, result.predictions, strict=True))
    for given, sample, prediction in pairs:
        assert prediction.gold_mistake_step == (None if given["mistake_index"] is None else given["mistake_index"] + 1)
        assert (prediction.answer == sample.answer) == (given["answer"] == given["target"])
    # Two of them answer "(H)" where the options end at G: no answer that a teacher could weigh (issue 20, kind 3).
    assert Counter(each.reading for each in result.predictions) == {"the answer is": 293, "other": 2, "unclear": 5}
    again = read_predictions(path, {sample.source_id: sample for sample in result.samples})
    assert (again.samples, again.predictions) == ((), result.predictions)


@needs_data
def test_gpt_3s_published_predictions_are_imported_for_imported_scienceqa_samples(tmp_path: Path) -> None:
    problems = json.loads((DATA / "scienceqa" / "problems.json").read_text())
    text_only = {key: problem | {"image": None} for key, problem in problems.items()}
    (tmp_path / "problems.json").write_text(json.dumps(text_only))
    known = {sample.source_id: sample for sample in read_samples(tmp_path, role="test").samples}
    path = DATA / "scienceqa" / "gpt3_rationales.jsonl"
    result = read_predictions(path, known)
    assert (result.found, len(result.predictions), result.refused) == (186, 186, ())
    given = {row["id"]: row["prediction"] for row in map(json.loads, path.read_text().splitlines())}
    for prediction in result.predictions:
        sample, said = known[prediction.source_id], given[prediction.source_id]
        assert prediction.answer == sample.options[said]
        assert (prediction.answer == sample.answer) == (said == problems[prediction.source_id]["answer"])
        assert prediction.steps
