"""The truth is never taken for a prediction: columns of other programs' files, held against the samples."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import ImportedPredictions, read_predictions
from core.types import Sample

OPTIONS = ("oak", "elm", "ash", "fir")
TRUTHS = "ABCD"
WRONG = "BCDA"
ASKED = ("Which tree is old?", "Which tree is tall?", "Which tree is red?", "Which tree is young?")
TREES = {f"t{n}": Sample(source_id=f"t{n}", question=ASKED[n], options=OPTIONS, answer=OPTIONS[n]) for n in range(4)}
NUMBERED = {str(n): Sample(source_id=str(n), question=ASKED[n], options=OPTIONS, answer=OPTIONS[n]) for n in range(4)}
REPLY = "Its leaves are small. The answer is {}."


def read(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    known: Mapping[str, Sample] = TREES,
    mapping: Mapping[str, str] | None = None,
) -> ImportedPredictions:
    path = folder / "outputs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_predictions(path, known, mapping=mapping)


def answers(read: ImportedPredictions) -> list[str | None]:
    assert read.refused == ()
    return [each.answer for each in read.predictions]


WRONGLY_ANSWERED = ["elm", "ash", "fir", "oak"]


def test_an_answer_that_equals_every_truth_is_the_truth_and_the_reply_is_read(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "answer": TRUTHS[n], "response": REPLY.format(WRONG[n])} for n in range(4)]
    found = read(tmp_path, rows)
    assert answers(found) == WRONGLY_ANSWERED
    assert "“answer” equals the truth of every sample" in found.notes[-1]
    assert dict(found.mapping) == {"id": "id", "rationale": "response"}


def test_a_truth_with_several_texts_is_the_truth_too(tmp_path: Path) -> None:
    known = {"x": Sample(source_id="x", question="How long?", answer="2.5", answers=("2.5", "5/2"))}
    found = read(
        tmp_path, [{"id": "x", "answer": ["5/2", "2.5"], "response": "It takes long. The answer is 7."}], known
    )
    assert answers(found) == ["7"]


def test_an_answer_that_agrees_with_the_reply_is_the_models(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "answer": WRONG[n], "explanation": REPLY.format(WRONG[n])} for n in range(3)]
    rows.append({"id": "t3", "answer": "A", "explanation": "It is hard to see."})
    found = read(tmp_path, rows)
    assert (answers(found), found.mapping["prediction"]) == (WRONGLY_ANSWERED, "answer")


def test_an_answer_that_may_be_either_is_asked_for(tmp_path: Path) -> None:
    said = ["A", "B", "C", "A"]
    rows = [{"id": f"t{n}", "answer": said[n], "response": REPLY.format(WRONG[n])} for n in range(4)]
    with pytest.raises(UserError, match=r"“answer” differs .*t0: “oak” and “elm”.*prediction=answer"):
        read(tmp_path, rows)
    assert answers(read(tmp_path, rows, mapping={"prediction": ""})) == WRONGLY_ANSWERED
    assert answers(read(tmp_path, rows, mapping={"prediction": "answer"})) == ["oak", "elm", "ash", "oak"]


def test_a_truth_beside_replies_without_an_answer_is_asked_for(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "answer": TRUTHS[n], "explanation": "Its leaves are small."} for n in range(4)]
    with pytest.raises(UserError, match="equals the truth of every sample, but “explanation” states no answer"):
        read(tmp_path, rows)


def test_a_prediction_that_equals_every_truth_against_the_reply_is_asked_for(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "prediction": TRUTHS[n], "response": REPLY.format(WRONG[n])} for n in range(4)]
    with pytest.raises(UserError, match="“prediction” equals the truth of every sample, but “response” says otherwise"):
        read(tmp_path, rows)


def test_two_columns_called_a_prediction_that_differ_are_asked_for(tmp_path: Path) -> None:
    rows = [{"id": "t0", "response": "So.", "prediction": "A", "parsed_answer": "B"}]
    with pytest.raises(UserError, match="“prediction” and “parsed_answer” could both be the model's answer"):
        read(tmp_path, rows)


def test_two_rationales_are_asked_for(tmp_path: Path) -> None:
    long = "The leaves of the tree are long and thin, and there are many of them. The answer is {}."
    rows = [{"id": f"t{n}", "rationale": long.format(TRUTHS[n]), "output": long.format(WRONG[n])} for n in range(4)]
    with pytest.raises(UserError, match=r"“rationale” and “output” could both be .*rationale=COLUMN"):
        read(tmp_path, rows)
    assert answers(read(tmp_path, rows, mapping={"rationale": "output", "prediction": ""})) == WRONGLY_ANSWERED


def test_a_true_rationale_beside_the_models_short_answer_is_asked_for(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "rationale": REPLY.format(TRUTHS[n]), "output": WRONG[n]} for n in range(4)]
    with pytest.raises(UserError, match=r"“rationale” states the truth of every sample"):
        read(tmp_path, rows)


def test_vlmevalkits_table_has_the_reply_under_prediction(tmp_path: Path) -> None:
    path = tmp_path / "model_MMBench.tsv"
    with path.open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["index", "question", "A", "B", "C", "D", "answer", "category", "prediction"])
        for n in range(4):
            table.writerow([n, ASKED[n], *OPTIONS, TRUTHS[n], "trees", REPLY.format(WRONG[n])])
    found = read_predictions(path, NUMBERED)
    assert (answers(found), found.mapping["rationale"]) == (WRONGLY_ANSWERED, "prediction")


@pytest.mark.parametrize("wrap", [lambda text: [[text]], lambda text: [text], lambda text: text])
@pytest.mark.parametrize("mapping", [None, {"id": "doc_id", "rationale": "resps"}])
def test_a_harness_reply_is_taken_out_of_its_lists(tmp_path: Path, wrap: Any, mapping: dict[str, str] | None) -> None:
    rows = [
        {"doc_id": n, "doc": {"question": ASKED[n], "answer": n}, "target": TRUTHS[n],
         "resps": wrap(REPLY.format(WRONG[n])), "filtered_resps": [WRONG[n] if n else "[invalid]"], "acc": 0.0}
        for n in range(4)
    ]  # fmt: skip
    assert answers(read(tmp_path, rows, NUMBERED, mapping)) == WRONGLY_ANSWERED


@pytest.mark.parametrize(
    ("resps", "says"),
    [
        ([["one"], ["two"]], "holds 2 replies"),
        ([[[-1.5, False]], [[-0.5, True]]], "log-likelihoods"),
        ([[]], "empty list"),
    ],
)
def test_what_is_no_single_reply_is_refused(tmp_path: Path, resps: Any, says: str) -> None:
    (refused,) = read(tmp_path, [{"doc_id": 0, "resps": resps}], NUMBERED).refused
    assert refused.field == "rationale"
    assert says in refused.reason


def test_the_id_is_the_column_whose_values_are_ids_of_samples(tmp_path: Path) -> None:
    rows = [{"id": n + 10, "question_id": f"t{n}", "response": REPLY.format(WRONG[n])} for n in range(4)]
    found = read(tmp_path, rows)
    assert (answers(found), found.mapping["id"]) == (WRONGLY_ANSWERED, "question_id")
    rows = [{"doc_id": n, "doc": {"id": f"t{n}"}, "resps": [REPLY.format(WRONG[n])]} for n in range(4)]
    assert read(tmp_path, rows).mapping["id"] == "doc.id"


def test_two_ids_that_name_different_samples_are_settled_by_the_questions_or_asked_for(tmp_path: Path) -> None:
    rows = [{"id": n, "qid": 3 - n, "prompt": ASKED[3 - n], "response": "The answer is A."} for n in range(4)]
    assert read(tmp_path, rows, NUMBERED).mapping["id"] == "qid"
    without = [{name: cell for name, cell in row.items() if name != "prompt"} for row in rows]
    with pytest.raises(UserError, match="“id” and “qid” could both be the sample's id"):
        read(tmp_path, without, NUMBERED)


@pytest.mark.parametrize("mapping", [None, {"id": "doc_id", "rationale": "resps"}])
def test_replies_that_are_shifted_by_one_row_are_refused(tmp_path: Path, mapping: dict[str, str] | None) -> None:
    rows = [{"doc_id": n, "doc": {"question": ASKED[n + 1]}, "resps": [["It is A."]]} for n in range(3)]
    with pytest.raises(UserError, match="are those of other samples than “doc_id” names"):
        read(tmp_path, rows, NUMBERED, mapping)


def test_questions_are_no_replies(tmp_path: Path) -> None:
    rows = [{"question_id": f"t{n}", "text": ASKED[n], "category": "default"} for n in range(4)]
    with pytest.raises(UserError, match="“text” holds the samples' questions"):
        read(tmp_path, rows)
    with pytest.raises(UserError, match="holds samples, not predictions"):
        read(tmp_path, [row | {"image": "a.jpg", "label": "yes"} for row in rows])


def test_outputs_with_their_question_are_read_where_a_column_is_said_to_be_the_models(tmp_path: Path) -> None:
    rows = [
        {"id": f"t{n}", "question": ASKED[n], "answer": TRUTHS[n], "response": REPLY.format(WRONG[n])} for n in range(4)
    ]
    with pytest.raises(UserError, match=r"holds samples, not predictions.*rationale=COLUMN"):
        read(tmp_path, rows)
    assert answers(read(tmp_path, rows, mapping={"rationale": "response"})) == WRONGLY_ANSWERED
    named = [{"model_response" if name == "response" else name: cell for name, cell in row.items()} for row in rows]
    assert answers(read(tmp_path, named)) == WRONGLY_ANSWERED


def test_three_predictions_are_shown(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "response": REPLY.format(WRONG[n])} for n in range(4)]
    first, *others = read(tmp_path, rows).examples
    assert (first.source_id, first.truth, first.answer, first.text) == ("t0", "oak", "elm", REPLY.format("B"))
    assert len(others) == 2


def test_a_column_name_that_cannot_be_encoded_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"id": "q1", "rationale": "So it is B.", "prediction": "B", "\\ud800": ""}]')
    assert read_predictions(path, NUMBERED).columns == ("id", "rationale", "prediction")
