"""Exported rows are what LLaVA, LLaMA-Factory, ms-swift and TRL document: above all, as many image tokens as images.

LLaVA: https://github.com/haotian-liu/LLaVA/blob/main/docs/Finetune_Custom_Data.md; LLaMA-Factory: data/README.md
(sharegpt); ms-swift: docs/source_en/Customization/Custom-dataset.md; TRL: docs/source/dataset_formats.md.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets import Image, load_dataset
from PIL import Image as Pillow

from app.exports.turns import MEDIA_TOKENS, break_media_tokens
from app.exports.write import export_selection
from app.imports.pipeline import import_file
from app.selections.draw import make_selection
from storage.database import Database
from tests.fuzz.oddities import saved

# Questions with the token in front, behind and absent; and texts that only spell it.
ROWS: tuple[dict[str, Any], ...] = (
    {"id": "front", "question": "<image>\nHow many?", "answer": "3", "image": "0.png"},
    {"id": "behind", "question": "How many? <image>", "answer": "4", "image": "1.png"},
    {"id": "none", "question": "How many?", "answer": "5", "image": "2.png"},
    {"id": "markup", "question": "What does the <image> element of SVG do?", "answer": "It shows a picture."},
    {"id": "reply", "question": "How is a picture put into SVG?", "answer": "With <image> or, moving, <video>."},
    {"id": "both", "question": "Is this drawn by “<image>” in SVG?", "answer": "By an <image> tag.", "image": "3.png"},
)


@pytest.fixture
def chosen(db: Database, tiny: str, tmp_path: Path) -> str:
    """A project with a selection of all rows."""
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(saved(Pillow.new("RGB", (8, 8), (number * 40 + 11, 3, 5)), "PNG"))
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"skill_label": "counting"} | row) for row in ROWS))
    assert import_file(db, "support", tmp_path / "rows.jsonl", name="rows")["accepted"] == len(ROWS)
    make_selection(db, tiny, budget=len(ROWS), arm="random", support="rows")
    return tiny


def exported(db: Database, project: str, out: Path) -> Iterator[tuple[list[dict[str, str]], int]]:
    """The turns and the number of images of each row, of any export of training rows."""
    export_selection(db, project, out)
    if out.suffix == ".parquet":
        for row in pq.read_table(out).to_pylist():
            yield row["conversations"], int(row["image"] is not None)
        return
    archive = zipfile.ZipFile(out) if out.suffix == ".zip" else None
    for row in json.loads(archive.read("data.json") if archive else (out / "data.json").read_bytes()):
        yield row["conversations"], len(row["images"])


@pytest.mark.parametrize("name", ["out", "out.zip", "out.parquet"])
def test_each_row_has_as_many_image_tokens_as_images(db: Database, chosen: str, tmp_path: Path, name: str) -> None:
    rows = list(exported(db, chosen, tmp_path / "to" / name))
    assert sorted(images for _, images in rows) == [0, 0, 1, 1, 1, 1]
    for turns, images in rows:
        texts = [turn["value"] for turn in turns]
        assert [sum(text.count(token) for text in texts) for token in MEDIA_TOKENS] == [images, 0, 0], texts
        assert texts[0].startswith("<image>\n") == bool(images)
        assert all(text.removeprefix("<image>").strip() for text in texts)


def test_llava_llama_factory_and_ms_swift_get_the_fields_that_they_document(
    db: Database, chosen: str, tmp_path: Path
) -> None:
    out = export_selection(db, chosen, tmp_path / "out")
    for row in json.loads((out / "data.json").read_text()):
        assert isinstance(row["id"], str)
        assert [turn["from"] for turn in row["conversations"]] == ["human", "gpt"]
        assert all(isinstance(turn["value"], str) and turn["value"] for turn in row["conversations"])
        assert all((out / image).is_file() for image in row["images"]), "paths relative to the rows"
        assert ("image" in row) == bool(row["images"]), "LLaVA takes a row without the key as text only"
        assert not {"messages", "videos", "audios", "objects", "tools"} & row.keys(), "ms-swift reads these its own way"
    (described,) = json.loads((out / "dataset_info.json").read_text()).values()
    assert described["formatting"] == "sharegpt"
    assert described["columns"] == {"messages": "conversations", "images": "images"}
    assert described["tags"] == {
        "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
    }  # fmt: skip


def test_trl_gets_messages_and_images_from_datasets(
    db: Database, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = export_selection(db, chosen, tmp_path / "out")
    monkeypatch.chdir(out)
    rows = load_dataset("json", data_files="trl.json", split="train", cache_dir=str(tmp_path / "cache"))
    assert set(rows.column_names) == {"messages", "images"}
    for row in rows.cast_column("images", [Image()]):
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
        assert all(isinstance(turn["content"], str) and turn["content"] for turn in row["messages"])
        assert not any(token in turn["content"] for turn in row["messages"] for token in MEDIA_TOKENS)
        assert all(image.size > (0, 0) for image in row["images"])
    assert sorted(len(row["images"]) for row in rows) == [0, 0, 1, 1, 1, 1]


def test_a_text_that_spells_a_token_stays_readable() -> None:
    assert break_media_tokens("An <image> and a <video>.") == "An < image> and a < video>."
    assert break_media_tokens("a < b > c <img>") == "a < b > c <img>"
