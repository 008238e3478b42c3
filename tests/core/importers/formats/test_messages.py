"""Chats in OpenAI's form: messages with roles, contents in parts, images beside or inside them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from core.importers import ImportedSamples, read_samples
from core.types import Role
from tests.fuzz.oddities import PNG

URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def read(folder: Path, row: dict[str, Any], role: Role = "validation") -> ImportedSamples:
    (folder / "a.png").write_bytes(PNG)
    (folder / "chat.jsonl").write_text(json.dumps(row))
    return read_samples(folder / "chat.jsonl", role=role)


def chat(asked: Any, said: Any = "red", key: str = "messages") -> dict[str, Any]:
    system = {"role": "system", "content": "Be short."}
    return {key: [system, {"role": "user", "content": asked}, {"role": "assistant", "content": said}]}


@pytest.mark.parametrize(
    "row",
    [
        chat("<image>Which colour?") | {"images": ["a.png"]},
        chat("<image>\nWhich colour?", key="conversations") | {"image": "a.png"},
        chat([{"type": "image"}, {"type": "text", "text": "Which colour?"}]) | {"images": ["a.png"]},
        chat([{"type": "image", "image": "a.png"}, {"type": "text", "text": "Which colour?"}], [{"text": "red"}]),
        chat([{"type": "text", "text": "Which colour?"}, {"type": "image_url", "image_url": {"url": URL}}]),
        {"messages": json.dumps(chat("<image>Which colour?")["messages"]), "images": ["a.png"]},
        {"messages": [{"role": "human", "value": "<image>Which colour?"}, {"role": "gpt", "value": "red"}]}
        | {"images": "a.png"},
        {"messages": [{"role": "User", "content": "<image>Which colour?"}, {"role": "Assistant", "content": "red"}]}
        | {"images": "a.png"},
        {"conversations": [{"from": "USER", "value": "<image>Which colour?"}, {"from": "GPT", "value": "red"}]}
        | {"image": "a.png"},
        {"conversations": [{"from": "user", "content": "<image>Which colour?"}, {"from": "gpt", "content": "red"}]}
        | {"image": "a.png"},
    ],
)
def test_a_chat_is_read_like_a_conversation(row: dict[str, Any], tmp_path: Path) -> None:
    found = read(tmp_path, row)
    assert found.refused == ()
    (sample,) = found.samples
    assert (sample.question, sample.answer, sample.source_id) == ("Which colour?", "red", "chat-1")
    assert sample.image is not None
    assert "No column is the id" in found.notes[0]


def test_its_id_is_that_of_the_row(tmp_path: Path) -> None:
    assert read(tmp_path, chat("Which?") | {"question_id": 7}).samples[0].source_id == "7"
    assert read(tmp_path, chat("Which?") | {"id": "x"}).samples[0].source_id == "x"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (chat("<image>Which?"), "the row names no image"),
        (chat([{"type": "video", "video": "a.mp4"}]), "must be text or an image, not “video”"),
        (chat(None), "must be text, not null"),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, "begins with a turn from “human”"),
        (chat("Which?") | {"images": ["a.png", "a.png"]}, "several images"),
    ],
)
def test_a_chat_that_cannot_be_read_is_refused(row: dict[str, Any], says: str, tmp_path: Path) -> None:
    (refused,) = read(tmp_path, row).refused
    assert says in refused.reason
