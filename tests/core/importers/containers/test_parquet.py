"""Parquet and Hugging Face data sets give the same samples as the same rows in JSON, including images."""

import json
import sys
import weakref
from pathlib import Path
from typing import Any

import datasets
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from core.errors import UnavailableError, UserError
from core.importers import ReadSample, open_samples, read_predictions, read_samples
from core.types import Refusal, Sample
from tests.fuzz.oddities import saved


def png(colour: int) -> bytes:
    return saved(Image.new("RGB", (4, 3), (colour, 0, 0)), "PNG")


def vqa(number: int, **more: Any) -> dict[str, Any]:
    answers = [{"answer": "bus", "answer_id": 1}, {"answer": "car", "answer_id": 2}, {"answer": "bus", "answer_id": 3}]
    image = {"bytes": png(number), "path": "any.png"}
    return {"question_id": number, "question": f"What is {number}?", "image": image, "answers": answers} | more


ROWS = [vqa(1), vqa(2, image=None), vqa(3, answers=[]), vqa(4, image={"bytes": b"no image", "path": None}), vqa(1)]


def written(path: Path, rows: list[dict[str, Any]], **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, **more)
    return path


def test_rows_are_read_with_their_images_and_all_answers(tmp_path: Path) -> None:
    read = read_samples(written(tmp_path / "vqa.parquet", ROWS, row_group_size=2), role="validation")
    assert (read.format, read.found, read.duplicates) == ("parquet", 5, 1)
    assert [(each.line, each.field) for each in read.refused] == [(3, "answer"), (4, "image"), (5, "id")]
    assert [(sample.source_id, sample.answer, sample.answers) for sample in read.samples] == [
        ("1", "bus", ("bus", "car", "bus")),
        ("2", "bus", ("bus", "car", "bus")),
    ]
    assert [image.read() for image in read.images.values()] == [png(1)]


def test_a_folder_of_shards_is_one_set_and_its_files_name_the_split(tmp_path: Path) -> None:
    written(tmp_path / "data" / "test-00000-of-00001.parquet", [vqa(1), vqa(2)])
    written(tmp_path / "data" / "train-00000-of-00002.parquet", [vqa(3)])
    written(tmp_path / "data" / "train-00001-of-00002.parquet", [vqa(4), vqa(5, answers=[])])
    with open_samples(tmp_path, role="validation") as file:
        items = list(file.items)
        assert (file.format, file.notes) == ("parquet", ("3 parquet files were read as one set.",))
    assert [(each.sample.source_id, each.split) for each in items if not isinstance(each, Refusal)] == [
        ("1", "test"), ("2", "test"), ("3", "train"), ("4", "train"),
    ]  # fmt: skip
    assert [(each.file, each.line) for each in items if isinstance(each, Refusal)] == [
        ("train-00001-of-00002.parquet", 2)
    ]


@pytest.mark.parametrize("split", [False, True])
def test_a_data_set_that_save_to_disk_wrote_reads_as_its_parquet_does(tmp_path: Path, split: bool) -> None:
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "image": datasets.Image(),
            "options": datasets.List(datasets.Value("string")),
            "label": datasets.Value("int64"),
        }
    )
    rows = [
        {"question": f"Which of {n}?", "image": {"bytes": png(n), "path": None}, "options": ["a", "b"], "label": n % 2}
        for n in range(5)
    ]
    found = datasets.Dataset.from_list(rows, features=features)
    (datasets.DatasetDict({"test": found}) if split else found).save_to_disk(str(tmp_path / "test-saved"))
    found.to_parquet(str(tmp_path / "test.parquet"))
    saved = read_samples(tmp_path / "test-saved", role="test")
    plain = read_samples(tmp_path / "test.parquet", role="test")
    told = [(each.question, each.options, each.answer, each.image) for each in plain.samples]
    assert [(each.question, each.options, each.answer, each.image) for each in saved.samples] == told
    assert [each.answer for each in saved.samples] == ["a", "b", "a", "b", "a"]
    assert (saved.format, saved.refused) == ("Hugging Face data set", ())
    assert {image.read() for image in saved.images.values()} == {png(n) for n in range(5)}


def test_conversations_in_parquet_are_llavas(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "<image>\nWhich? Options: (a) cat (b) dog"}, {"from": "gpt", "value": "(b)"}]
    rows = [{"id": "a", "image": {"bytes": png(1), "path": None}, "conversations": turns}]
    read = read_samples(written(tmp_path / "set.parquet", rows), role="validation")
    assert (read.format, [sample.answer for sample in read.samples]) == ("LLaVA parquet", ["dog"])


def test_images_may_be_named_by_path_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png(9))
    rows = [vqa(1, image={"bytes": None, "path": "one.png"}), vqa(2, image={"bytes": None, "path": "gone.png"})]
    read = read_samples(written(tmp_path / "set.parquet", rows), role="validation")
    assert [image.read() for image in read.images.values()] == [png(9)]
    assert [(each.line, each.field) for each in read.refused] == [(2, "image")]


def test_images_of_rows_that_nobody_wants_any_more_leave_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.importers.images.sources.CACHE_SIZE", 5)
    monkeypatch.setattr("core.importers.images.sources.SPOOL_BYTES", 1)
    path = written(tmp_path / "vqa.parquet", [vqa(n) for n in range(30)])
    spools: list[weakref.ref[Any]] = []
    with open_samples(path, role="support", lazy_images=True) as file:
        for number, item in enumerate(file.items):
            assert isinstance(item, ReadSample)
            image = file.image(str(item.sample.image))
            assert (image.read(), image.path) == (png(number), "")
            spools.append(weakref.ref(image.source))
        del image
    assert [number for number, spool in enumerate(spools) if spool()] == [25, 26, 27, 28, 29]


def test_predictions_may_come_as_parquet(tmp_path: Path) -> None:
    known = {"1": Sample(source_id="1", question="?", options=("cat", "dog"), answer="cat")}
    rows = [{"id": 1, "rationale": "It barks. It is small.", "prediction": 1, "mistake_step": 1.0}]
    path = written(
        tmp_path / "predictions.parquet", [*rows, {"id": 2, "rationale": "x", "prediction": 0, "mistake_step": None}]
    )
    read = read_predictions(path, known)
    assert [(each.answer, each.gold_mistake_step) for each in read.predictions] == [("dog", 1)]
    assert [(each.line, each.field) for each in read.refused] == [(2, "id")]


@pytest.mark.parametrize(("keep", "damaged"), [(0.3, 0), (0.7, 0), (0.999, 0), (1, 1996)])
def test_a_cut_off_file_and_one_with_a_damaged_page_are_refused(tmp_path: Path, keep: float, damaged: int) -> None:
    path = written(tmp_path / "set.parquet", [vqa(n) for n in range(50)])
    content = path.read_bytes()
    path.write_bytes((content[:4] + bytes(damaged) + content[4 + damaged :])[: int(len(content) * keep)])
    with pytest.raises(UserError, match=r"set\.parquet is no whole parquet file"):
        read_samples(path, role="validation")


def test_a_folder_that_only_looks_saved_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": []}))
    with pytest.raises(UserError, match="cannot be loaded as a saved data set"):
        read_samples(tmp_path, role="validation")


def test_a_data_set_of_the_hub_needs_a_network_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(sys.modules["huggingface_hub"].constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UnavailableError, match="The data set nobody/nothing cannot be opened on the Hub"):
        read_samples("hf:nobody/nothing:test", role="validation")
    with pytest.raises(UserError, match="names no data set of the Hub"):
        read_samples("hf:../secret", role="validation")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local").mkdir()
    with pytest.raises(UserError, match="is also a folder here"):
        read_samples("hf:local", role="validation")
