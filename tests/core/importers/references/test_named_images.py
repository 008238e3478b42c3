"""A row that names an image has it or is refused: whatever the key, column or tag, never a text-only sample."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.importers import ImportedSamples, read_samples
from tests.fuzz.oddities import PNG

Read = Callable[..., ImportedSamples]
TURNS = [{"from": "human", "value": "Which colour?"}, {"from": "gpt", "value": "red"}]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads rows as JSONL, with one.png, two.png and 17.jpg beside it."""
    for name in ("one.png", "two.png", "17.jpg"):
        (tmp_path / name).write_bytes(PNG)

    def lines(*rows: dict[str, Any], **more: Any) -> ImportedSamples:
        (tmp_path / "set.jsonl").write_text(
            "\n".join(json.dumps({"id": f"r{at}"} | row) for at, row in enumerate(rows))
        )
        return read_samples(tmp_path / "set.jsonl", role="validation", **more)

    return lines


def asked(text: str, **more: Any) -> dict[str, Any]:
    return {"conversations": [{"from": "human", "value": text}, TURNS[1]]} | more


NAMED = [
    {"image": "one.png"},
    {"images": ["one.png"]},
    {"images": "['one.png']"},
    {"img": "one.png"},
    {"Image": "one.png"},
    {"image_path": "one.png"},
    {"imagePath": "one.png"},
    {"image_paths": ["one.png"]},
    {"image_file": "one.png"},
    {"file_name": "one.png"},
    {"picture": "one.png"},
    {"photos": ["one.png"]},
    {"image_1": "one.png"},
    {"images": [{"path": "one.png", "bytes": None}]},
    {"image": {"url": "one.png"}},
    {"media": ["one.png"]},
    {"scan": "one.png"},
    {"image_id": 17},
    {"image": "one.png", "images": ["./one.png"]},
    {"image": "one.png", "image_url": "https://example.org/1.png"},
]


@pytest.mark.parametrize("named", NAMED, ids=[json.dumps(each) for each in NAMED])
def test_a_conversation_has_the_image_that_any_of_its_keys_names(read: Read, named: dict[str, Any]) -> None:
    found = read({"conversations": TURNS} | named, {"conversations": [TURNS[0] | named, TURNS[1]]})
    assert [(each.question, each.image is not None) for each in found.samples] == [("Which colour?", True)] * 2, found


@pytest.mark.parametrize("named", NAMED, ids=[json.dumps(each) for each in NAMED])
def test_a_row_of_a_table_has_the_image_that_any_of_its_columns_names(read: Read, named: dict[str, Any]) -> None:
    if "scan" in named:
        return  # a column of another name is one of images where all its values are
    row = {"question": "Which colour?", "answer": "red"}
    found = read(row | named, row)
    assert [each.image is not None for each in found.samples] == [True, False], found.refused


LOST = [
    {"image": "gone.png"},
    {"images": ["gone.png"]},
    {"image_path": "gone.png"},
    {"img": "gone"},
    {"image_url": "https://example.org/1.png"},
    {"image_id": 99},
    {"images": [{"file": 3}]},
    {"images": ["one.png", "two.png"]},
    {"images": "['one.png', 'two.png']"},
    {"image": "one.png", "images": ["one.png", "two.png"]},
    {"image_1": "one.png", "image_2": "two.png"},
    {"left_image": "one.png", "right_image": "two.png"},
]


@pytest.mark.parametrize("named", LOST, ids=[json.dumps(each) for each in LOST])
def test_what_is_not_there_or_more_than_one_is_refused(read: Read, named: dict[str, Any]) -> None:
    for row in ({"conversations": TURNS}, {"question": "Which colour?", "answer": "red"}):
        found = read(row | named)
        assert [each.field for each in found.refused] == ["image"], found
        assert found.refused[0].reason.endswith((".", ").")), found.refused[0].reason


def test_a_video_is_no_text_only_sample_either(read: Read) -> None:
    (refused,) = read({"conversations": TURNS, "video": "clip.mp4"}).refused
    assert (refused.field, "neither video nor sound" in refused.reason) == ("video", True)


def test_empty_keys_and_facts_about_an_image_name_none(read: Read) -> None:
    about = {
        "image": "",
        "images": [],
        "image_2": None,
        "image_width": 640,
        "image_caption": "A cat.",
        "img_type": "['x']",
    }
    for row in ({"conversations": TURNS}, {"question": "Which?", "answer": "red"}):
        found = read(row | about)
        assert [each.image for each in found.samples] == [None], found.refused


TAGS = [
    ("<img>one.png</img>\nWhich colour?", "Which colour?"),
    ("Picture 1: <img>one.png</img>\nWhich colour?", "Which colour?"),
    ("Which colour?\n<img>./one.png</img>", "Which colour?"),
    ("Is <img>one.png</img> red?", "Is red?"),
    ("![a car](one.png)\nWhich colour?", "Which colour?"),
    ('<img src="one.png"/> Which colour?', "Which colour?"),
]


@pytest.mark.parametrize(("text", "question"), TAGS)
def test_a_tag_names_the_image(read: Read, text: str, question: str) -> None:
    found = read(asked(text))
    assert [(each.question, each.image is not None) for each in found.samples] == [(question, True)], found.refused
    found = read({"question": text, "answer": "red"})
    assert [(each.question, each.image is not None) for each in found.samples] == [(question, True)], found.refused


@pytest.mark.parametrize(
    "text",
    [
        "Picture 1: <img>gone.png</img>\nWhich colour?",
        "Picture 1: <img>one.png</img>\nPicture 2: <img>two.png</img>\nWhich is red?",
        "<image>\nWhich colour?",
        "Which colour? <image>",
        "Is <image> red?",
        "<|image_1|>\nWhich colour?",
        "<|vision_start|><|image_pad|><|vision_end|>Which colour?",
        "<ImageHere> Which colour?",
        "Which is it: <image 1> or <image 2>?",
        "<img></img>Which colour?",
    ],
)
def test_a_tag_without_its_one_image_is_refused(read: Read, text: str) -> None:
    for row in (asked(text), {"question": text, "answer": "red"}):
        found = read(row)
        assert [each.field for each in found.refused] == ["image"], found


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("<image>\nWhich colour?", "Which colour?"),
        ("Which colour? <image>", "Which colour?"),
        ("Look:\n<|image_1|>\nWhich colour?", "Look:\n\nWhich colour?"),
        ("<image 1>Which colour?", "Which colour?"),
        ("What is in <image 1>?", "What is in <image 1>?"),
    ],
)
def test_the_placeholder_of_the_image_is_no_part_of_the_question(read: Read, text: str, question: str) -> None:
    found = read({"question": text, "answer": "red", "image": "one.png"})
    assert [each.question for each in found.samples] == [question], found.refused


@pytest.mark.parametrize(
    "text",
    [
        "In SVG, what does the <image> element do?",
        "Which tag is right, <img src='a.png'> or <picture>?",
        "What stands for a picture in “<image>” here?",
        "Does `<image>` close itself?",
        "Which is an element of SVG?\nOptions: (A) <image> (B) <img>",
        "Is a < b and b > c?",
    ],
)
def test_a_question_about_a_tag_is_a_text(read: Read, text: str) -> None:
    found = read({"question": text, "answer": "A" if "Options" in text else "yes"})
    assert [each.image for each in found.samples] == [None], found.refused
    sample = found.samples[0]
    assert "".join([sample.question, *sample.options]).count("<") == text.count("<")


def test_images_in_columns_of_a_parquet_file_are_counted_in_each_row(tmp_path: Path) -> None:
    picture, other = {"bytes": PNG, "path": None}, {"bytes": PNG + b" ", "path": None}
    rows = [
        {"id": "one", "question": "What is in <image 1>?", "image_1": picture, "image_2": None, "answer": "a cat"},
        {"id": "second", "question": "What is this?", "image_1": None, "image_2": picture, "answer": "a cat"},
        {"id": "two", "question": "Which is darker?", "image_1": picture, "image_2": other,
         "answer": "the first"},
        {"id": "text", "question": "What is 1 + 1?", "image_1": None, "image_2": None, "answer": "2"},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "set.parquet")
    found = read_samples(tmp_path / "set.parquet", role="validation")
    assert [(each.source_id, bool(each.image)) for each in found.samples] == [
        ("one", True), ("second", True), ("text", False),
    ]  # fmt: skip
    (refused,) = found.refused
    assert "image_1, image_2" in refused.reason
    found = read_samples(tmp_path / "set.parquet", role="validation", mapping={"image": "image_1"})
    assert len(found.samples) == 4, "who names the column has said that no other one counts"


def test_options_that_are_images_are_refused(read: Read) -> None:
    row = {"question": "Which fits <image 1>?", "options": ["<image 2>", "<image 3>"], "answer": "<image 3>"}
    (refused,) = read(row | {"image_1": "one.png"}).refused
    assert "image 3" in refused.reason


def test_several_images_in_one_cell_of_mmbench_are_several_images(tmp_path: Path) -> None:
    head = "index\timage\tquestion\tA\tB\tanswer\tcategory\n"
    (tmp_path / "set.tsv").write_text(
        head + "1\t['/9j/" + "x" * 80 + "', '/9j/" + "y" * 80 + "']\tWhich?\tcat\tdog\tA\tx\n"
    )
    (refused,) = read_samples(tmp_path / "set.tsv", role="validation").refused
    assert refused.reason.startswith("The row has several images")


@pytest.mark.parametrize(
    "tag",
    ["<img src=\"one.png\" width=20/>", "<img width=20 src='one.png' alt='x'>", "<img src=one.png>",
     "[img]one.png[/img]", "<image>one.png</image>",
     "<|image|>one.png<|/image|>", "<image_path>one.png</image_path>", "<image: one.png>",
     "[[one.png]]", "图1：<img>one.png</img>", "Image 1: <img>one.png</img>"],
)  # fmt: skip
def test_a_tag_that_names_a_file_is_that_image(read: Read, tag: str) -> None:
    found = read(asked(f"{tag}\nWhich colour?"))
    assert [(each.question, each.image is not None) for each in found.samples] == [("Which colour?", True)], found
    found = read({"question": f"{tag}\nWhich colour?", "answer": "red"})
    assert [(each.question, each.image is not None) for each in found.samples] == [("Which colour?", True)], found


@pytest.mark.parametrize(
    "tag", ["<img><IMG_CONTEXT></img>", "<IMG_CONTEXT>", "(<image>./</image>)", "[image]", "[IMG]"]
)
def test_a_models_own_placeholder_needs_an_image_and_is_taken_off(read: Read, tag: str) -> None:
    found = read(asked(f"{tag}\nWhich colour?", image="one.png"), asked(f"{tag}\nWhich colour?"))
    assert [(each.question, each.image is not None) for each in found.samples] == [("Which colour?", True)], found
    assert len(found.refused) == 1


@pytest.mark.parametrize("meta", [{"image": "one.png", "source": "x"}, {"image_path": "one.png"}])
def test_an_image_that_an_object_in_the_row_names_is_not_lost(read: Read, meta: dict[str, Any]) -> None:
    chat, table = (
        {"conversations": TURNS, "metadata": meta},
        {"question": "Which colour?", "answer": "red", "meta": meta},
    )
    assert [each.image is not None for each in read(chat).samples] == [True]
    assert [each.image is not None for each in read(table).samples] == [True]
    assert [each.image is not None for each in read(table | {"image": "two.png"}).samples] == [True]


def test_a_column_that_only_later_rows_have_is_looked_at_too(read: Read) -> None:
    row = {"question": "Which colour?", "answer": "red", "image_1": "one.png"}
    found = read(*[row] * 101, row | {"image_2": "two.png"}, {**row, "image_1": None, "picture": "one.png"})
    assert [refused.line for refused in found.refused] == [102]
    assert [each.image is not None for each in found.samples] == [True] * 102


def test_two_columns_of_images_without_a_name_for_it_are_several_images(read: Read, tmp_path: Path) -> None:
    row = {"question": "What changed?", "answer": "red", "before": "one.png", "after": "two.png"}
    assert "several images (before, after)" in read(row).refused[0].reason
    assert read(row, mapping={"image": "after"}).samples[0].image
    rows = [
        {"question": "What?", "answer": "red", "front": PNG, "note": b"x"},
        {"question": "And?", "answer": "red", "front": PNG},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    assert [each.image is not None for each in read_samples(tmp_path / "t.parquet", role="test").samples] == [True] * 2


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "what the picture of the row is about here"])
def test_a_column_called_by_markup_or_a_sentence_names_no_image(read: Read, name: str) -> None:
    found = read({"question": "How many?", "answer": "2", name: "cup"})
    assert [(each.question, each.image) for each in found.samples] == [("How many?", None)], found.refused
