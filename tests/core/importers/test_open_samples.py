"""Streaming a file of samples: constant memory, images of support sets only looked up, and real ScienceQA."""

import hashlib
import json
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.importers import Duplicate, ReadSample, open_samples
from core.types import Refusal
from tests.fuzz.oddities import PNG

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data with the real samples is not here")


def row(number: int, image: str = "") -> dict[str, Any]:
    turns = [{"from": "human", "value": f"Question {number}? {'x' * 200}"}, {"from": "gpt", "value": "a cup"}]
    return {"id": f"row-{number}", "conversations": turns} | ({"image": image} if image else {})


def test_rows_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    text = json.dumps([row(n) for n in range(20_000)])
    (tmp_path / "set.json").write_text(text[:-5])
    with open_samples(tmp_path / "set.json", role="support") as file:
        first = next(file.items)
        assert isinstance(first, ReadSample)
        assert first.sample.source_id == "row-0"
        with pytest.raises(UserError, match=r"cut off at byte .*whole rows before it: 19,999"):
            list(file.items)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the rows take no more than the hashes of their ids: about 100 bytes each."""
    peaks = []
    for rows in (1_000, 8_000):
        path = tmp_path / f"{rows}.jsonl"
        path.write_text("".join(json.dumps(row(n)) + "\n" for n in range(rows)))
        tracemalloc.start()
        with open_samples(path, role="support") as file:
            assert sum(isinstance(item, ReadSample) for item in file.items) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 7_000 * 150


def test_the_images_of_a_support_set_are_looked_for_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "one.png").write_bytes(b"no image, and nobody looks")
    names = ["images/one.png", "one.png", "./images//one.png", "gone.png", "../out.png", "notes.txt", "images"]
    (tmp_path / "notes.txt").write_text("x")
    rows = "\n".join(json.dumps(row(number, name)) for number, name in enumerate(names))
    (tmp_path / "set.jsonl").write_text(rows)
    with open_samples(tmp_path / "set.jsonl", role="support", lazy_images=True) as file:
        items = list(file.items)
        path = str((tmp_path / "images" / "one.png").absolute())
        key = "file:" + hashlib.sha256(path.encode()).hexdigest()
        assert [each.sample.image for each in items if isinstance(each, ReadSample)] == [key, key, key]
        image = file.image(key)
        assert (image.path, image.mime, image.width, image.height) == (path, "image/png", 0, 0)
        assert image.read() == b"no image, and nobody looks"
    assert [(each.line, each.field) for each in items if isinstance(each, Refusal)] == [
        (line, "image") for line in (4, 5, 6, 7)
    ]


def test_lazy_images_in_a_zip_are_opened_because_they_have_no_path(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("set.jsonl", json.dumps(row(1, "one.png")) + "\n" + json.dumps(row(2, "bad.png")))
        archive.writestr("one.png", PNG)
        archive.writestr("bad.png", b"no image")
    with open_samples(tmp_path / "set.zip", role="support", lazy_images=True) as file:
        read, refused = list(file.items)
        assert isinstance(read, ReadSample)
        assert isinstance(refused, Refusal)
        assert read.sample.image == hashlib.sha256(PNG).hexdigest()
        assert (file.image(read.sample.image).path, file.image(read.sample.image).read()) == ("", PNG)


def test_a_duplicate_is_a_refusal_of_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("id,question,answer\n1,Which?,blue\n1,Which?,red\n,Which?,red\n")
    with open_samples(tmp_path / "set.csv", role="validation") as file:
        assert [type(item) for item in file.items] == [ReadSample, Duplicate, Refusal]


def problems() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "scienceqa" / "problems.json").read_text())
    return found


@needs_data
def test_all_of_scienceqas_problems_are_imported_with_their_images(tmp_path: Path) -> None:
    """../shared/data has no images, so each is replaced by one of ours, half of them without a split."""
    given = problems()
    (tmp_path / "problems.json").write_text(json.dumps(given))
    for number, (key, problem) in enumerate(given.items()):
        if problem["image"]:
            folder = tmp_path / (f"images/{problem['split']}/{key}" if number % 2 else key)
            folder.mkdir(parents=True)
            (folder / "image.png").write_bytes(PNG)
    with open_samples(tmp_path, role="validation") as file:
        items = [item for item in file.items if isinstance(item, ReadSample)]
    assert (file.format, len(items)) == ("scienceqa", 1000)
    for item, (key, problem) in zip(items, given.items(), strict=True):
        sample = item.sample
        assert (sample.source_id, sample.question, list(sample.options)) == (
            key, problem["question"].strip(), [choice.strip() for choice in problem["choices"]],
        )  # fmt: skip
        assert sample.options.index(sample.answer) == problem["answer"]
        assert (sample.hint, sample.lecture, sample.response) == tuple(
            problem[name].strip() for name in ("hint", "lecture", "solution")
        )
        assert (bool(sample.image), sample.skill_label, sample.category) == (
            problem["image"] is not None, "", problem["category"].strip(),
        )  # fmt: skip
    splits = Counter({"val": "validation"}.get(problem["split"], problem["split"]) for problem in given.values())
    assert Counter(item.split for item in items) == splits


@needs_data
def test_scienceqas_missing_images_are_counted_apart() -> None:
    with open_samples(DATA / "scienceqa", role="validation") as file:
        refused = [item for item in file.items if isinstance(item, Refusal)]
    assert Counter(each.field for each in refused) == {
        "image": sum(problem["image"] is not None for problem in problems().values())
    }
