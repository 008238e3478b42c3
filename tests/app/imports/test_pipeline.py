"""Imports: dry runs, the held-out share, splits, and importing again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.imports.pipeline import commit, dry_run, import_file
from app.imports.report import ImportRequest, sets_by_split
from app.projects.configuration import create_project
from core.errors import UserError
from storage import store
from storage.database import Database
from tests.app.imports.test_support_set import write
from tests.projects.tiny_project import TinyFiles


@pytest.fixture
def empty(db: Database, files: TinyFiles) -> str:
    create_project(db, "empty", student=str(files.student), teacher=str(files.teacher))
    return "empty"


def everything(db: Database) -> list[str]:
    """Every row of the database, as text."""
    with db.read() as connection:
        return list(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]


def names(db: Database, role: Any, project: str = "empty") -> list[str]:
    with db.read() as connection:
        key = store.project_named(connection, project).id
        return [each.source_id for each in store.samples_of(connection, project=key, role=role)]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("what", ["validation", "test", "support", "predictions"])
def test_a_dry_run_says_what_the_import_does_and_writes_nothing(
    db: Database, tiny: str, files: TinyFiles, empty: str, what: Any
) -> None:
    project = tiny if what == "predictions" else empty
    request = ImportRequest(what=what, path=str(files[what]), project=project, images=str(files.images), name="lessons")
    before = everything(db)
    report = dry_run(db, request)
    assert everything(db) == before
    assert report["accepted"] == report["found"] > 0
    assert commit(db, request) == report
    assert everything(db) != before


def test_the_preview_shows_the_first_five_samples(db: Database, empty: str, files: TinyFiles) -> None:
    request = ImportRequest(what="validation", path=str(files["validation"]), project=empty, images=str(files.images))
    report = dry_run(db, request)
    assert [row["source_id"] for row in report["preview"]] == ["v0", "v1", "v2", "v3", "v4"]
    assert report["preview"][0]["options"] == ["2", "3", "4"]
    assert json.loads(json.dumps(report))["format"] == "llava"


def test_the_preview_of_predictions_shows_how_three_are_read(db: Database, tiny: str, tmp_path: Path) -> None:
    with db.read() as connection:
        key = store.project_named(connection, tiny).id
        samples = list(store.samples_of(connection, project=key, role="validation"))[:4]
    rows = [{"id": each.source_id, "response": "It is hard to see.", "answer": each.answer} for each in samples]
    rows[0]["response"] = f"The answer is {samples[0].answer}."
    path = write(tmp_path / "rows.jsonl", rows)
    request = ImportRequest(what="predictions", path=str(path), project=tiny, mapping={"prediction": ""})
    first, second, third = dry_run(db, request)["examples"]
    assert first == {
        "source_id": samples[0].source_id, "truth": samples[0].answer, "answer": samples[0].answer,
        "text": rows[0]["response"],
    }  # fmt: skip
    assert [each["source_id"] for each in (second, third)] == [each.source_id for each in samples[1:3]]


@pytest.mark.parametrize("what", ["validation", "support"])
def test_rows_that_share_an_id_are_taken_and_said(db: Database, empty: str, tmp_path: Path, what: Any) -> None:
    turns = [[{"from": "human", "value": asked}, {"from": "gpt", "value": "So."}] for asked in ("a?", "b?", "c?")]
    path = write(tmp_path / "mix.jsonl", [{"id": "picture", "conversations": each} for each in turns])
    request = ImportRequest(what=what, path=str(path), project=empty, name="mix", test_share=0)
    report = commit(db, request)
    assert (report["accepted"], report["duplicates"]) == (3, 0)
    assert any("“picture-2” instead of “picture”" in note for note in report["notes"])
    assert commit(db, request)["already_present"] == 3


def test_every_kind_of_refusal_is_counted_by_its_kind(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    rows = rows_of(files["validation"])
    rows[1]["image"] = "absent.png"
    rows[2]["conversations"][1]["value"] = "none of them"
    rows[3]["category"] = "changed since"
    rows += [rows[4], rows[5] | {"id": "new"}]
    path = write(tmp_path / "rows.jsonl", rows)
    request = ImportRequest(what="validation", path=str(path), project=tiny, images=str(files.images))
    report = dry_run(db, request)
    counted = ("found", "accepted", "already_present", "refused_rows", "images_missing", "duplicates", "conflicts")
    assert [report[name] for name in counted] == [14, 0, 9, 4, 1, 1, 1]
    refused = [(row["line"], row["field"]) for row in report["refused"]]
    assert refused == [(2, "image"), (3, "answer"), (13, "id"), (4, "id")]
    before = everything(db)
    assert commit(db, request) == report
    assert everything(db) == before, "with a refused row nothing is imported"
    assert commit(db, replace(request, skip_refused=True, test_share=0))["accepted"] == 1
    assert "new" in names(db, "validation", tiny)


def test_thousands_of_refused_rows_are_counted_and_the_first_are_kept(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "bad.jsonl", [{"id": str(number), "conversations": []} for number in range(5000)])
    report = dry_run(db, ImportRequest(what="support", path=str(path)))
    assert (report["refused_rows"], len(report["refused"])) == (5000, 2000)


def test_a_share_of_each_category_is_held_out_and_importing_again_changes_nothing(
    db: Database, empty: str, files: TinyFiles, tmp_path: Path
) -> None:
    rows = [row | {"id": f"v{n}"} for n, row in enumerate(rows_of(files["validation"]) * 5)]
    path = write(tmp_path / "many.jsonl", rows)
    report = import_file(db, "validation", path, empty, images=files.images)
    assert (report["accepted"], report["held_out"]) == (60, 18)
    assert any("18 of 60 are held out" in note for note in report["notes"])
    held = names(db, "test")
    assert sorted(held + names(db, "validation")) == sorted(row["id"] for row in rows)
    assert sum(int(name[1:]) % 2 for name in held) == 9, "half of the categories' samples are odd"
    before = everything(db)
    for seed in (0, 1):
        again = import_file(db, "validation", path, empty, images=files.images, seed=seed)
        assert (again["accepted"], again["already_present"], again["held_out"]) == (0, 60, 0)
    assert everything(db) == before
    grown = write(path, [*rows, rows[0] | {"id": "later"}])
    assert import_file(db, "validation", grown, empty, images=files.images)["accepted"] == 1
    assert names(db, "test") == held, "a test set that is there stays as it is"


def test_the_seed_draws_another_test_set(db: Database, files: TinyFiles) -> None:
    drawn = []
    for project, seed in (("a", 0), ("b", 0), ("c", 1)):
        create_project(db, project, student="s", teacher="t")
        import_file(db, "validation", files["validation"], project, images=files.images, seed=seed)
        drawn.append(names(db, "test", project))
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(each) for each in drawn] == [4, 4, 4]


def test_nothing_is_held_out_where_there_is_a_test_set(db: Database, empty: str, files: TinyFiles) -> None:
    import_file(db, "test", files["test"], empty, images=files.images)
    report = import_file(db, "validation", files["validation"], empty, images=files.images)
    assert (report["accepted"], report["held_out"]) == (12, 0)
    assert report["notes"] == ["Nothing is held out: the project has a test set."]
    assert len(names(db, "test")) == 12


def test_an_id_may_stand_for_one_sample_in_each_set(db: Database, empty: str, files: TinyFiles, tmp_path: Path) -> None:
    import_file(db, "test", files["test"], empty, images=files.images)
    rows = [row | {"id": f"t{n}"} for n, row in enumerate(rows_of(files["validation"]))]
    path = write(tmp_path / "rows.jsonl", rows)
    report = import_file(db, "validation", path, empty, images=files.images)
    assert (report["accepted"], report["conflicts"]) == (12, 0)


def test_a_share_is_below_one(db: Database, empty: str, files: TinyFiles) -> None:
    with pytest.raises(UserError, match=r"choose 0\.3 for 30 %"):
        import_file(db, "validation", files["validation"], empty, images=files.images, test_share=30)


def test_a_file_with_splits_fills_both_sets(db: Database, empty: str, tmp_path: Path) -> None:
    lines = ["id,question,answer,split"]
    splits = ["train", "val", "test", "val"] * 5
    lines += [f"q{number},What is {number}?,{number},{split}" for number, split in enumerate(splits)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    report = import_file(db, "validation", path, empty)
    assert (report["accepted"], report["held_out"], report["left_out"]) == (15, 5, 5)
    assert names(db, "test") == [f"q{number}" for number in range(20) if splits[number] == "test"]
    assert names(db, "validation") == [f"q{number}" for number in range(20) if splits[number] == "val"]
    assert import_file(db, "support", path, name="trained")["accepted"] == 5
    with db.read() as connection:
        trained = {each.source_id for each in store.support_samples(connection, "trained")}
    assert trained == {f"q{n}" for n in range(0, 20, 4)}


@pytest.mark.parametrize(
    ("role", "splits", "places"),
    [
        ("validation", {"": 3}, {"": "validation"}),
        ("validation", {"train": 3, "test": 2}, {"train": "validation", "test": "test"}),
        (
            "validation",
            {"train": 3, "validation": 1, "test": 2},
            {"train": None, "validation": "validation", "test": "test"},
        ),
        ("validation", {"test": 2}, {"test": "test"}),
        ("test", {"train": 3, "test": 2}, {"train": None, "test": "test"}),
        ("test", {"validation": 3}, {"validation": "test"}),
        ("support", {"train": 3, "test": 2}, {"train": "support", "test": None}),
        ("support", {"validation": 3}, {"validation": "support"}),
    ],
)
def test_each_split_goes_to_one_set(role: Any, splits: dict[str, int], places: dict[str, Any]) -> None:
    assert sets_by_split(role, splits) == places
