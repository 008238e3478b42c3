"""Selections check drawn samples for leaks, by question text and image content."""

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.imports.pipeline import import_file
from app.projects.lookup import find_project
from app.selections import support_index
from app.selections.draw import make_selection
from core.selection.draw import leak_key
from core.types import Sample, Selection
from storage import images, store
from storage.database import Database
from tests.app.rpc import Remote
from tests.projects.finished_loop import LOOP, SUPPORT, finished
from tests.projects.tiny_project import TinyFiles
from tests.servers.app_server import serving


def lessons(db: Database, folder: Path, pictures: list[str], *, copied: bool = False, arm: str = "targeted") -> None:
    """A support set with one sample of the wanted skill per image; for the targeted arm also many of other skills,
    since a word in most labels has no weight."""
    rows = [
        {
            "id": f"r{number}",
            "image": picture,
            "task_name": "sums",
            "skill_label": "addition of numbers",
            "conversations": [
                {"from": "human", "value": f"<image>\nHow much is item {number}?"},
                {"from": "gpt", "value": "It is 7."},
            ],
        }
        for number, picture in enumerate(pictures)
    ]
    if arm == "targeted":
        rows += [rows[0] | {"id": f"other {n}", "skill_label": "naming birds"} for n in range(3 * len(pictures))]
    (folder / "lessons.jsonl").write_text("\n".join(map(json.dumps, rows)))
    import_file(db, "support", folder / "lessons.jsonl", name="lessons", copy_images=copied)


def picture(folder: Path, name: str, shade: int) -> str:
    Image.new("RGB", (16, 16), (shade, 9, 9)).save(folder / name)
    return name


def drawn(db: Database, made: Selection) -> list[Sample]:
    with db.read() as connection:
        samples = store.samples_by_id(connection, [hit.sample for hit in made.hits])
    return [samples[hit.sample] for hit in made.hits]


def validation(db: Database, project: str) -> list[Sample]:
    with db.read() as connection:
        return list(store.samples_of(connection, project=find_project(connection, project).id, role="validation"))


@pytest.mark.parametrize(("arm", "copied"), [("targeted", False), ("targeted", True), ("random", False)])
def test_an_image_of_the_validation_set_is_never_drawn_whatever_its_file_is_called(
    db: Database, ready: str, *, files: TinyFiles, tmp_path: Path, arm: Any, copied: bool
) -> None:
    (tmp_path / "copy.png").write_bytes((files.images / "v3.png").read_bytes())
    pictures = ["copy.png", *(picture(tmp_path, f"{number}.png", number) for number in range(9))]
    lessons(db, tmp_path, pictures, copied=copied, arm=arm)
    made = make_selection(db, ready, budget=10, arm=arm, support="lessons", allow_fewer=True)
    assert sorted(each.source_id for each in drawn(db, made)) == [f"r{number}" for number in range(1, 10)]
    assert made.leaked == 1
    (leak,) = made.leaks
    assert (leak.why, leak.key) == ("image", hashlib.sha256((files.images / "v3.png").read_bytes()).hexdigest())
    assert leak.measured in [each.id for each in validation(db, ready) if each.image]
    assert made.make_up is not None
    assert dict(made.make_up.tasks) == {"sums": 9}
    skills = made.make_up.skills
    assert (sum(each.due for each in skills), sum(each.got for each in skills)) == ((10, 9) if skills else (0, 0))
    assert bool(skills) == (arm == "targeted")


@pytest.mark.parametrize("arm", ["targeted", "random"])
def test_two_files_with_one_picture_are_drawn_once(db: Database, ready: str, tmp_path: Path, arm: Any) -> None:
    pictures = [picture(tmp_path, f"{number}.png", number % 4) for number in range(12)]
    lessons(db, tmp_path, pictures, arm=arm)
    made = make_selection(db, ready, budget=12, arm=arm, support="lessons", allow_fewer=True)
    assert len(made.hits) == 4
    assert made.leaked == 0


def test_a_question_of_the_validation_set_is_never_drawn(db: Database, ready: str) -> None:
    asked = validation(db, ready)[0].question.upper() + " "
    skills = ["addition of numbers"] * 8 + ["naming birds"] * 20
    samples = [
        Sample(source_id=str(n), question=asked if n == 3 else f"Item {n}?", answer="7", skill_label=skill)
        for n, skill in enumerate(skills)
    ]
    with db.write() as connection:
        store.save_samples(connection, project=None, role="support", name="texts", samples=samples, images={})
    made = make_selection(db, ready, budget=8, support="texts", allow_fewer=True)
    assert sorted(each.source_id for each in drawn(db, made)) == ["0", "1", "2", "4", "5", "6", "7"]
    assert made.leaked == 1
    (leak,) = made.leaks
    first = validation(db, ready)[0]
    assert (leak.why, leak.key, leak.measured) == ("question", leak_key(first.question), first.id)


def test_a_small_selection_reads_few_images_and_each_once(
    db: Database, ready: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons(db, tmp_path, [picture(tmp_path, f"{number}.png", number) for number in range(60)])
    read: list[Path] = []
    reading = images._read_file
    monkeypatch.setattr(images, "_read_file", lambda path: (read.append(path), reading(path))[1])
    small = make_selection(db, ready, budget=5, support="lessons")
    assert len(read) == 5
    large = make_selection(db, ready, budget=20, support="lessons")
    assert large.hits[:5] == small.hits
    assert len(read) == 20
    make_selection(db, ready, budget=20, support="lessons")
    assert len(read) == len(set(read)) == 20


def test_a_picture_that_came_after_the_import_is_still_looked_at(
    db: Database, ready: str, files: TinyFiles, tmp_path: Path
) -> None:
    lessons(db, tmp_path, [picture(tmp_path, f"{number}.png", number) for number in range(6)])
    make_selection(db, ready, budget=6, support="lessons")
    (tmp_path / "2.png").write_bytes((files.images / "v3.png").read_bytes())
    made = make_selection(db, ready, budget=6, support="lessons", allow_fewer=True)
    assert "r2" not in [each.source_id for each in drawn(db, made)]


def test_a_changed_label_makes_the_index_anew_though_the_counts_stay(db: Database, ready: str, tmp_path: Path) -> None:
    lessons(db, tmp_path, [picture(tmp_path, f"{number}.png", number) for number in range(4)])
    with db.read() as connection:
        first = support_index.indexed_support(connection, db, "lessons")
        assert support_index.indexed_support(connection, db, "lessons") is first
    with db.write() as connection:
        store.save_labels(
            connection, [(each.id, "naming birds") for each in store.support_samples(connection, "lessons")]
        )
    with db.read() as connection:
        second = support_index.indexed_support(connection, db, "lessons")
    assert first is not None
    assert second is not None
    assert (set(first.labels), second.labels) == ({"addition of numbers", "naming birds"}, ("naming birds",))


def test_a_page_that_was_open_before_the_app_was_begun_again_makes_a_selection(tmp_path: Path) -> None:
    finished(tmp_path / "data")
    with serving(tmp_path / "data") as served:
        remote = Remote(served.url)  # which this app never showed the form, nor the support sets in it
        with closing(remote.http):
            place = {"project": LOOP, "round": "0", "tab": "selection"}
            said = remote.call("select-button", "click", place, [12, 0, "targeted", True, SUPPORT])
    assert not said.is_refusal, said.sentence
    assert "holds 12 samples" in said.sentence
