"""Files of predictions made after public bug reports, each named beside its input."""

import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.importers import ImportedPredictions, read_predictions
from core.importers.prediction_files.ids import known_id
from core.types import Sample

BIRDS = ("wren", "rook", "teal", "kite")
ASKED = ("Which bird is small?", "Which bird is black?", "Which bird swims here?")
KNOWN = {str(n): Sample(source_id=str(n), question=ASKED[n], options=BIRDS, answer=BIRDS[n]) for n in range(3)}


def read(
    folder: Path, rows: object, known: Mapping[str, Sample] = KNOWN, name: str = "out.jsonl"
) -> ImportedPredictions:
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows) if isinstance(rows, list) else json.dumps(rows))
    return read_predictions(path, known)


def answers(found: ImportedPredictions) -> dict[str, str | None]:
    return {each.source_id: each.answer for each in found.predictions}


def sampled(n: int, reply: str, filtered: str, filter: str) -> dict[str, Any]:
    doc = {"question": ASKED[n]}
    return {"doc_id": n, "doc": doc, "target": "A", "resps": [[reply]], "filtered_resps": [filtered], "filter": filter}


def test_a_reply_that_is_written_once_for_each_filter_is_read_once(tmp_path: Path) -> None:
    """EleutherAI/lm-evaluation-harness #1687: with two filters each sample is in the file twice."""
    replies = ["It is tiny. The answer is A.", "It is dark. The answer is B.", "It may be the rook or the teal."]
    rows = [sampled(n, replies[n], "[invalid]", "strict-match") for n in range(3)]
    rows += [sampled(n, replies[n], "ABC"[n], "flexible-extract") for n in range(3)]
    found = read(tmp_path, rows)
    assert found.refused == ()
    assert answers(found) == {"0": "wren", "1": "rook", "2": "teal"}
    assert found.notes[-1].startswith("3 rows repeat the reply of an earlier one")


def test_filters_that_contradict_each_other_are_asked_about(tmp_path: Path) -> None:
    rows = [sampled(0, "It is small and black.", "A", "first"), sampled(0, "It is small and black.", "B", "last")]
    (refused,) = read(tmp_path, rows).refused
    assert refused.field == "prediction"
    assert "“rook” here and “wren” on an earlier line" in refused.reason


def test_several_replies_to_one_sample_are_no_prediction(tmp_path: Path) -> None:
    """UKGovernmentBEIS/inspect_ai #1762: a log holds an id once for every epoch."""
    rows = [{"id": "0", "response": "The answer is A."}, {"id": "0", "response": "The answer is B."}]
    found = read(tmp_path, rows)
    assert (found.duplicates, found.refused_rows) == (1, 1)
    assert found.refused[0].reason.startswith("Sample “0” has another reply on an earlier line")


def test_the_rows_in_a_log_of_lmms_eval_are_read(tmp_path: Path) -> None:
    """EvolvingLMMs-Lab/lmms-eval #1103: the older log is one object, with the rows under “logs”."""
    rows = [sampled(n, f"The answer is {'BCA'[n]}.", "BCA"[n], "none") for n in range(3)]
    log = {"args": {"model": "m"}, "model_configs": {"task": "birds", "more": {}}, "logs": rows, "time": "0101"}
    found = read(tmp_path, log, name="birds.json")
    assert found.format == "predictions lmms-eval log"
    assert answers(found) == {"0": "rook", "1": "teal", "2": "wren"}


@pytest.mark.parametrize(
    "text",
    [
        "Failed to obtain answer via API.",
        "Failed to obtain answer via API",
        "[LMMS_EVAL_REQUEST_FAILED after 5 retries] Connection error.",
        "$ERROR$",
        "Error code: 429 - {'error': {'message': 'slow down'}}",
        "API Error",
        "None",
        "null",
    ],
)
def test_what_stands_in_place_of_a_reply_is_no_prediction(text: str, tmp_path: Path) -> None:
    """instructlab/eval #39, lm-sys/FastChat #2074: what stood for a failed request was scored."""
    found = read(tmp_path, [{"id": "0", "response": text}, {"id": "1", "response": "The answer is B."}])
    assert answers(found) == {"1": "rook"}
    assert "no reply" in found.refused[0].reason


@pytest.mark.parametrize("empty", ["", " ", None, "nan", [], [[""]]])
def test_an_empty_cell_is_no_prediction(empty: object, tmp_path: Path) -> None:
    """open-compass/VLMEvalKit #1689: a long reply that begins with an address was written as an empty cell."""
    found = read(tmp_path, [{"id": "0", "response": empty}, {"id": "1", "response": "The answer is B."}])
    assert answers(found) == {"1": "rook"}
    assert found.refused_rows == 1


@pytest.mark.parametrize(("cell", "answer"), [(3, "3"), (3.0, "3"), (2.5, "2.5"), ("3", "3")])
def test_a_reply_that_is_a_number_is_read(cell: object, answer: str, tmp_path: Path) -> None:
    """open-compass/VLMEvalKit #1466: a cell of a sheet that Excel or pandas takes for a number."""
    free = Sample(source_id="a", question="How many birds sit there?", answer="3")
    assert answers(read(tmp_path, [{"id": "a", "prediction": cell}], {"a": free})) == {"a": answer}
    (refused,) = read(tmp_path, [{"id": "a", "prediction": True}], {"a": free}).refused
    assert "not true or false" in refused.reason


def test_none_is_an_answer_where_it_is_an_option_or_nothing_is_offered(tmp_path: Path) -> None:
    """open-compass/VLMEvalKit #1559: the option “None” was taken for nothing."""
    offered = Sample(source_id="a", question="How many?", options=("None", "Two"), answer="None")
    free = Sample(source_id="b", question="How many dogs?", answer="None")
    rows = [{"id": "a", "response": "None"}, {"id": "b", "response": "None"}]
    assert answers(read(tmp_path, rows, {"a": offered, "b": free})) == {"a": "None", "b": "None"}


def completion(text: str | None, reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}]}


def test_an_output_file_of_the_batch_api_is_read_by_its_custom_ids(tmp_path: Path) -> None:
    """vllm-project/vllm #4794, ProjectTech4DevAI/kaapi-backend #723: failed lines stand among the others."""
    rows = [
        {"id": "req_a", "custom_id": "0", "response": {"status_code": 200, "body": completion("The answer is B.")}},
        {"id": "req_b", "custom_id": "1", "response": {"status_code": 200, "body": completion("It has", "length")}},
        {"id": "req_c", "custom_id": "2", "response": {"status_code": 400, "body": {"error": {"message": "too long"}}}},
    ]
    found = read(tmp_path, rows)
    assert answers(found) == {"0": "rook"}
    assert [each.reason for each in found.refused] == [
        "The reply ended with “length”: it is no whole reply.",
        "The request failed (too long): there is no reply.",
    ]


@pytest.mark.parametrize(
    "shown",
    [
        {"options": ["rook", "wren", "teal", "kite"]},
        {"choices": {"A": "rook", "B": "wren", "C": "teal", "D": "kite"}},
        {"A": "rook", "B": "wren", "C": "teal", "D": "kite"},
        {"doc": {"choices": {"text": ["rook", "wren", "teal", "kite"], "label": ["A", "B", "C", "D"]}}},
    ],
)
def test_letters_of_options_in_another_order_are_not_read(shown: dict[str, Any], tmp_path: Path) -> None:
    """UKGovernmentBEIS/inspect_ai #1240 and #5010: choices are shuffled before the model is asked."""
    (refused,) = read(tmp_path, [{"id": "0", "response": "The answer is A.", **shown}]).refused
    assert refused.field == "options"
    assert "A is “rook” in this row and “wren” in the sample" in refused.reason


def test_options_in_the_samples_order_or_in_other_words_change_nothing(tmp_path: Path) -> None:
    rows = [
        {"id": "0", "response": "The answer is B.", "options": ["Wren", "Rook", "Teal", "Kite"]},
        {"id": "1", "response": "The answer is B.", "options": ["a wren", "a rook"]},
    ]
    assert answers(read(tmp_path, rows)) == {"0": "rook", "1": "rook"}


def state(**more: Any) -> dict[str, Any]:
    instance = {"id": "0", "input": {"text": ASKED[0]}, "references": []}
    return {
        "adapter_spec": {},
        "request_states": [{"instance": instance, "result": {"completions": [{"text": " A"}]}} | more],
    }


def test_a_letter_in_a_log_of_helm_means_what_its_output_mapping_says(tmp_path: Path) -> None:
    """stanford-crfm/helm #1816: the letter is the answer to the options as HELM listed them."""
    mapped = {"A": "rook", "B": "wren", "C": "teal", "D": "kite"}
    (refused,) = read(tmp_path, state(output_mapping=mapped), name="scenario_state.json").refused
    assert "in another order" in refused.reason
    ordered = dict(zip("ABCD", BIRDS, strict=True))
    assert answers(read(tmp_path, state(output_mapping=ordered), name="scenario_state.json")) == {"0": "wren"}
    (refused,) = read(tmp_path, state(reference_index=2), name="scenario_state.json").refused
    assert "there is no reply" in refused.reason


def evaluated(n: int, **output: Any) -> dict[str, Any]:
    message = {"message": {"role": "assistant", "content": "I see. ANSWER: B"}, "stop_reason": "stop"}
    return {
        "id": n,
        "epoch": 1,
        "input": ASKED[n],
        "target": "A",
        "choices": list(BIRDS),
        "output": {"choices": [message | output]},
    }


def test_samples_of_inspect_without_a_whole_reply_are_left_open(tmp_path: Path) -> None:
    """UKGovernmentBEIS/inspect_ai #1762: samples with an error, and replies that were cut off or held back."""
    samples = [evaluated(0), evaluated(1, stop_reason="max_tokens"), evaluated(2) | {"error": {"message": "boom"}}]
    found = read(tmp_path, {"version": 2, "eval": {}, "samples": samples}, name="log.json")
    assert answers(found) == {"0": "rook"}
    assert ["cut off" in found.refused[0].reason, "boom" in found.refused[1].reason] == [True, True]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python unpacks Zstandard from 3.14 on")
def test_a_log_packed_with_zstandard_is_named(tmp_path: Path) -> None:
    """UKGovernmentBEIS/inspect_ai #4553: “copy it again” would not help."""
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("samples/0_epoch_1.json", json.dumps(evaluated(0)))
    content = path.read_bytes()
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        parts = content.split(mark)
        content = mark.join([parts[0], *(each[: place - 4] + b"\x5d\x00" + each[place - 2 :] for each in parts[1:])])
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"packed with Zstandard.*inspect log convert --to json"):
        read_predictions(path, KNOWN)


@pytest.mark.parametrize(
    ("own", "given"),
    [("7", "7.0"), ("7", 7.0), ("7.0", 7), ("000000033471", 33471), ("000000033471", "33471.0"), ("5", "05")],
)
def test_ids_that_were_taken_for_numbers_name_their_samples(own: str, given: object, tmp_path: Path) -> None:
    """EducationalTestingService/skll #44, mlcommons/GaNDLF #900: pandas turns ids into floats and drops zeros."""
    known = {own: Sample(source_id=own, question=ASKED[0], options=BIRDS, answer="wren")}
    assert answers(read(tmp_path, [{"id": given, "response": "The answer is B."}], known)) == {own: "rook"}


def test_an_id_that_could_name_two_samples_names_none(tmp_path: Path) -> None:
    known = {each: Sample(source_id=each, question=ASKED[0], options=BIRDS, answer="wren") for each in ("07", "007")}
    (refused,) = read(tmp_path, [{"id": 7, "response": "The answer is B."}], known).refused
    assert "has the id “7”" in refused.reason


@given(st.dictionaries(st.from_regex(r"0{0,2}[0-9]{1,2}(\.0)?", fullmatch=True), st.just(KNOWN["0"])))
def test_every_id_names_itself(known: dict[str, Sample]) -> None:
    assert [known_id(each, known) for each in known] == [*known]
