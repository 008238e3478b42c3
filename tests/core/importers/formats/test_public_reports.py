"""Rows of training sets made after public bug reports, each named beside its input."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.importers import ImportedSamples, read_samples
from core.types import Role
from tests.fuzz.oddities import GOOD


def read(folder: Path, *rows: dict[str, Any], role: Role = "support", name: str = "rows.json") -> ImportedSamples:
    path = folder / name
    path.write_text(json.dumps(rows))
    return read_samples(path, role=role)


def pairs(found: ImportedSamples) -> list[tuple[str, str]]:
    assert found.refused == ()
    return [(each.question, each.response) for each in found.samples]


CALL = '{"name": "add", "arguments": {"a": 2, "b": 3}}'


def sharegpt(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"conversations": [{"from": speaker, "value": said} for speaker, said in turns]}


def chat(*turns: dict[str, Any]) -> dict[str, Any]:
    asked = {"role": "user", "content": "Add them."}
    end = ({"role": "tool", "content": "5"}, {"role": "assistant", "content": "It is 5."})
    return {"messages": [asked, *turns, *end]}


@pytest.mark.parametrize(
    "row",
    [
        sharegpt(("human", "Add them."), ("function_call", CALL), ("observation", "5"), ("gpt", "It is 5.")),
        sharegpt(("human", "Add them."), ("gpt", f"<tool_call>{CALL}</tool_call>"), ("gpt", "It is 5.")),
        sharegpt(("human", "Add them."), ("function-call", CALL), ("function-response", "5"), ("gpt", "It is 5.")),
        sharegpt(("human", "Add them."), ("gpt", "I will look."), ("observation", "5"), ("gpt", "It is 5.")),
        chat({"role": "assistant", "content": "I will add them.", "tool_calls": [{"function": {"name": "add"}}]}),
        chat({"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "add"}}]}),
        chat({"role": "assistant", "content": "<|python_tag|>add(2, 3)"}),
    ],
)
def test_a_call_of_a_tool_is_no_answer(row: dict[str, Any], tmp_path: Path) -> None:
    """modelscope/ms-swift #9809, hiyouga/LlamaFactory #2529: the narration was kept and the call lost."""
    (refused,) = read(tmp_path, row).refused
    assert refused.reason == "The first reply calls a tool: it is no answer to the question before it."


def test_a_tool_behind_the_first_answer_changes_nothing(tmp_path: Path) -> None:
    turns = [("user", "How are you?"), ("assistant", "Well."), ("user", "Add 2."), ("tool", "5"), ("assistant", "5")]
    row = {"messages": [{"role": role, "content": said} for role, said in turns]}
    assert pairs(read(tmp_path, row)) == [("How are you?", "Well.")]


HISTORY = [["How many cups are there?", "There are five."], ["Which is red?", "The last."]]


@pytest.mark.parametrize("history", [HISTORY, json.dumps(HISTORY), str(HISTORY)])
def test_a_question_that_follows_others_is_not_taken_alone(history: object, tmp_path: Path) -> None:
    """baidu-baige/LoongForge #47, hiyouga/LlamaFactory #9486: alpaca's history was dropped."""
    row = {"instruction": "And the others?", "input": "Be short.", "output": "They are blue.", "history": history}
    alone = {"instruction": "Name the cup.", "input": "", "output": "A mug.", "history": []}
    assert pairs(read(tmp_path, row, alone)) == [
        ("How many cups are there?", "There are five."),
        ("Name the cup.", "A mug."),
    ]


def test_a_column_called_history_may_be_anything_else(tmp_path: Path) -> None:
    rows = [{"query": "Who ruled Rome?", "response": "Nero.", "history": "ancient"}]
    assert pairs(read(tmp_path, *rows)) == [("Who ruled Rome?", "Nero.")]


def test_options_belong_to_the_last_question(tmp_path: Path) -> None:
    row = {"question": "And this one?", "options": ["red", "blue"], "answer": "A", "history": HISTORY}
    (refused,) = read(tmp_path, row, role="validation").refused
    assert refused.field == "history"


@pytest.mark.parametrize(
    "more",
    [
        {"video": "a.mp4"},
        {"videos": ["a.mp4"]},
        {"video": "clips/0001"},
        {"audio": {"path": "a.wav", "bytes": None}},
        {"video_path": "a.webm"},
        {"audios": ["a"]},
    ],
)
@pytest.mark.parametrize("shape", ["table", "messages"])
def test_a_question_about_a_video_is_no_question_without_one(shape: str, more: dict[str, Any], tmp_path: Path) -> None:
    """OpenBMB/MiniCPM-V #932, modelscope/ms-swift #1418: the row became a question about nothing."""
    asked: dict[str, Any] = {"question": "Why is it funny?", "answer": "A baby reads."}
    if shape == "messages":
        turns = (("user", asked["question"]), ("assistant", asked["answer"]))
        asked = {"messages": [{"role": role, "content": said} for role, said in turns]}
    (refused,) = read(tmp_path, asked | more).refused
    assert refused.reason.endswith("neither video nor sound.")


@pytest.mark.parametrize("tag", ["<video>", "<audio>", "<media>"])
def test_a_tag_of_something_that_is_not_there_is_said(tag: str, tmp_path: Path) -> None:
    (refused,) = read(tmp_path, {"question": f"{tag}\nWhat is that?", "answer": "A dog."}).refused
    assert f"“{tag}”, but the row names no image" in refused.reason


def test_columns_about_videos_are_no_videos(tmp_path: Path) -> None:
    row = {"question": "Who sang?", "answer": "Nina.", "video": False, "video_id": "x7", "audio_language": "en"}
    assert [each.question for each in read(tmp_path, row).samples] == ["Who sang?"]


@pytest.mark.parametrize(
    "objects", [{"ref": ["dog"], "bbox": [[1, 2, 3, 4]]}, [{"caption": "dog", "bbox": [1, 2, 3, 4]}]]
)
def test_a_place_for_coordinates_is_no_text_to_train_on(objects: object, tmp_path: Path) -> None:
    """modelscope/ms-swift #3088: “<bbox>” was the whole answer, its numbers stand elsewhere in the row."""
    chat_row = {
        "messages": [{"role": "user", "content": "Find the <ref-object>."}, {"role": "assistant", "content": "<bbox>"}]
    }
    table_row = {"query": "Find the dog.", "response": "<bbox>"}
    for row in (chat_row, table_row):
        (refused,) = read(tmp_path, row | {"objects": objects}).refused
        assert refused.field == "objects"
    assert pairs(read(tmp_path, {"query": "What does <bbox> mean?", "response": "A box."}))
    assert pairs(read(tmp_path, {"query": "Find the dog.", "response": "At [1, 2].", "objects": objects}))


def test_an_image_under_file_name_belongs_to_its_conversation(tmp_path: Path) -> None:
    """huggingface/datasets #7337: LLaVA's conversations in the metadata of an image folder."""
    (tmp_path / "a.png").write_bytes(GOOD["turned PNG"])
    turns = [{"from": "human", "value": "<image>\nDescribe it."}, {"from": "gpt", "value": "A square."}]
    row = {"id": "G1", "file_name": "a.png", "conversations": turns}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row))
    (sample,) = read_samples(tmp_path, role="support").samples
    assert (sample.question, bool(sample.image)) == ("Describe it.", True)
