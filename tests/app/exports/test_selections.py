"""Exported selections suit other tools and our own importer, and memory never holds a whole selection."""

import io
import json
import zipfile
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from datasets import Image, load_dataset

from app.exports import selections
from app.exports.write import export_selection
from app.imports.pipeline import import_file
from app.selections.draw import make_selection
from app.selections.rulings import add_ruling
from core.errors import UserError
from core.types import Selection
from storage import store
from storage.database import Database
from storage.images import image_bytes
from tests.app.selections.test_draw import drawn
from tests.projects.tiny_project import TinyFiles, fill_project
from tests.servers.app_server import serving


@pytest.fixture
def made(db: Database, ready: str) -> Selection:
    first = make_selection(db, ready, budget=3)
    add_ruling(db, ready, "addition of numbers", "remove", sample=first.hits[0].sample, reviewer="ann")
    return make_selection(db, ready, budget=12)


@pytest.mark.parametrize("name", ["out", "out.zip", "out.parquet"])
def test_what_is_exported_imports_with_the_same_rows(
    db: Database, tiny: str, made: Selection, *, tmp_path: Path, name: str
) -> None:
    out = export_selection(db, tiny, tmp_path / name)
    report = import_file(db, "support", out, name="back", copy_images=True)
    assert report["refused_rows"] == 0
    with db.read() as connection:
        back = list(store.support_samples(connection, "back"))
        for one, other in zip(drawn(db, made), back, strict=True):
            for field in ("source_id", "question", "response", "skill_label", "task", "category"):
                assert getattr(one, field) == getattr(other, field)
            pictures = [each.image and image_bytes(connection, each.image)[0] for each in (one, other)]
            assert pictures[0] == pictures[1]
    with pytest.raises(UserError, match="nothing is overwritten"):
        export_selection(db, tiny, tmp_path / name)


def test_llama_factory_finds_rows_and_images_by_its_description(
    db: Database, tiny: str, made: Selection, tmp_path: Path
) -> None:
    out = export_selection(db, tiny, tmp_path / "out")
    (described,) = json.loads((out / "dataset_info.json").read_text()).values()
    rows = load_dataset("json", data_files=str(out / described["file_name"]), split="train", cache_dir=str(tmp_path))
    assert len(rows) == len(made.hits)
    columns, tags = described["columns"], described["tags"]
    for row in rows:
        turns, images = row[columns["messages"]], row[columns["images"]]
        assert [turn[tags["role_tag"]] for turn in turns] == [tags["user_tag"], tags["assistant_tag"]]
        assert turns[0][tags["content_tag"]].count("<image>") == len(images)
        assert all((out / image).is_file() for image in images)
        assert images == ([row["image"]] if row["image"] else []), "LLaVA reads the one, LLaMA-Factory the other"


def test_parquet_shows_its_images_to_datasets(db: Database, tiny: str, made: Selection, tmp_path: Path) -> None:
    out = export_selection(db, tiny, tmp_path / "out.parquet")
    rows = load_dataset("parquet", data_files=str(out), split="train", cache_dir=str(tmp_path))
    assert isinstance(rows.features["image"], Image)
    assert rows["position"][:3] == [1, 2, 3]
    assert rows[0]["image"].size > (0, 0)
    assert pq.read_table(out).column("for_skill").to_pylist() == [hit.skill for hit in made.hits]


def test_the_manifest_says_all_that_made_the_selection(
    db: Database, tiny: str, made: Selection, tmp_path: Path
) -> None:
    said = json.loads(export_selection(db, tiny, tmp_path / "out.json").read_text())
    assert (said["budget"], said["seed"], said["support"], said["round"]) == (12, made.seed, made.support, 0)
    assert [each["sample"] for each in said["hits"]] == [each.source_id for each in drawn(db, made)]
    assert said["rulings"][0]["act"] == "remove"
    assert {each["skill"] for each in said["make_up"]["skills"]} == {each.skill for each in made.demands}
    assert {"rank", "learning_rate"} <= set(said["settings"]["tuning"])
    assert len(said["leaks"]) == len(made.leaks)


def test_an_image_that_is_gone_is_said_before_anything_is_sent(db: Database, files: TinyFiles, tmp_path: Path) -> None:
    name = fill_project(db, files, "other")
    made = make_selection(db, name, budget=3, arm="random")
    path = tmp_path / "gone.png"
    image = next(each.image for each in drawn(db, made) if each.image)
    with db.write() as connection:
        connection.exec_driver_sql("UPDATE images SET content = NULL, path = ? WHERE hash = ?", (str(path), image))
    with pytest.raises(UserError, match="is gone: put it back"):
        export_selection(db, name, tmp_path / "out")
    assert list(tmp_path.glob("out*")) == []


def test_a_zip_is_sent_image_by_image(db: Database, tiny: str, made: Selection) -> None:
    chosen = selections.find_selection(db, tiny, made.id)
    pieces = list(selections.zip_bytes(db, chosen))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    largest = max(each.file_size for each in archive.infolist())
    assert max(map(len, pieces)) <= largest + 4096


def test_the_page_sends_the_same_files(db: Database, tiny: str, made: Selection, tmp_path: Path) -> None:
    with serving(db.data) as served:
        asked = {"project": tiny, "selection": str(made.id)}
        for suffix, kind in (("zip", "zip"), ("parquet", "parquet"), ("json", "json")):
            answer = httpx.get(f"{served.url}/export/selection.{suffix}", params=asked, timeout=60)
            assert answer.status_code == 200
            assert f'filename="tiny-selection-{made.id}.{suffix}"' in answer.headers["content-disposition"]
            assert answer.content == export_selection(db, tiny, tmp_path / f"out.{suffix}").read_bytes(), kind
        missing = httpx.get(f"{served.url}/export/selection.zip", params=asked | {"selection": "99"}, timeout=60)
        assert (missing.status_code, "has no selection 99" in missing.text) == (404, True)
