"""Labels by group cost a fraction, continue after an interruption, and are judged by people."""

import json
from pathlib import Path

import pytest

from app.imports.pipeline import import_file
from app.jobs.queue import put_label
from app.labels.labelling import check_label, label_estimate, label_quality, labels_to_check
from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.jobs.test_predict_diagnose_label import go

ASKED = (
    "Given a picture about sports, answer the following question.\nWhat is on plate {}?",
    "Look at the sign.\nWhat does word {} say?",
)


@pytest.fixture
def lessons(db: Database, tiny: str, tmp_path: Path) -> str:
    """Forty samples of two tasks with two instructions each, none of them labelled; returns the set's name."""
    rows = [
        {
            "id": f"r{number}",
            "task_name": f"task {number % 2}",
            "conversations": [
                {"from": "human", "value": ASKED[number // 2 % 2].format(number)},
                {"from": "gpt", "value": f"It is {number}."},
            ],
        }
        for number in range(40)
    ]
    (tmp_path / "lessons.jsonl").write_text("\n".join(map(json.dumps, rows)))
    import_file(db, "support", tmp_path / "lessons.jsonl")
    return "lessons"


def stored(db: Database) -> list[Sample]:
    with db.read() as connection:
        return list(store.support_samples(connection, "lessons"))


def test_a_group_gets_one_label_and_the_estimate_says_how_many_there_are(db: Database, tiny: str, lessons: str) -> None:
    estimate = label_estimate(db, lessons)
    assert (estimate.samples, estimate.unlabelled, estimate.calls_by_sample, estimate.calls_by_group) == (40, 40, 40, 4)
    go(db, put_label(db, lessons, project=tiny, by="group"))
    samples = stored(db)
    for group in range(4):
        assert len({each.skill_label for at, each in enumerate(samples) if at % 4 == group}) == 1
    assert all(each.skill_label for each in samples)
    estimate = label_estimate(db, lessons)
    assert (estimate.unlabelled, estimate.calls_by_sample, estimate.calls_by_group) == (0, 0, 0)


def test_labelling_by_group_goes_on_and_ends_as_if_it_had_not_stopped(db: Database, tiny: str, lessons: str) -> None:
    job = put_label(db, lessons, project=tiny, by="group")
    go(db, job, batches=2)
    first = {each.id: each.skill_label for each in stored(db) if each.skill_label}
    assert len(first) == 20
    assert label_estimate(db, lessons).calls_by_group == 2
    go(db, job)
    broken = [each.skill_label for each in stored(db)]
    assert {each.id: each.skill_label for each in stored(db) if each.id in first} == first
    with db.write() as connection:
        store.save_labels(connection, [(each.id, "") for each in stored(db)])
    go(db, job)
    assert [each.skill_label for each in stored(db)] == broken


def test_labelling_by_group_leaves_the_labels_that_are_there(db: Database, tiny: str, lessons: str) -> None:
    with db.write() as connection:
        store.save_labels(connection, [(each.id, "written by hand") for each in stored(db)[:6]])
    go(db, put_label(db, lessons, project=tiny, by="group"))
    assert [each.skill_label for each in stored(db)[:6]] == ["written by hand"] * 6
    assert all(each.skill_label for each in stored(db))


def test_labels_are_judged_and_their_share_has_an_interval(db: Database, tiny: str, lessons: str) -> None:
    assert label_quality(db, lessons).share is None
    with db.write() as connection:
        store.save_labels(connection, [(each.id, "reading") for each in stored(db)[:30]])
    drawn = labels_to_check(db, lessons, reviewer="ann", limit=10)
    for at, sample in enumerate(drawn):
        check_label(db, sample.id, reviewer="ann", fits=at > 0)
    assert not {each.id for each in drawn} & {
        each.id for each in labels_to_check(db, lessons, reviewer="ann", limit=50)
    }
    found = label_quality(db, lessons)
    assert (found.judged, found.fit) == (10, 9)
    assert found.share is not None
    assert found.share.low < found.share.value == 0.9 < found.share.high
    with pytest.raises(UserError, match="has no skill label to judge"):
        check_label(db, stored(db)[35].id, reviewer="ann", fits=True)


def test_estimates_and_checks_on_the_command_line(
    db: Database, tiny: str, lessons: str, command_line: CommandLine
) -> None:
    assert command_line.json("label", lessons, "--estimate")["calls_by_group"] == 4
    assert "choose one of sample, group" in command_line.refused("label", lessons, "--by", "hand")
    with db.write() as connection:
        store.save_labels(connection, [(each.id, "reading") for each in stored(db)])
    listed = command_line.json("label-check", lessons, "--reviewer", "ann", "--limit", 5)
    assert len(listed["to_check"]) == 5
    first = listed["to_check"][0]["sample"]
    after = command_line.json("label-check", lessons, first, "right", "--reviewer", "ann", "--limit", 5)
    assert first not in [row["sample"] for row in after["to_check"]]
    assert (after["quality"]["judged"], after["quality"]["fit"]) == (1, 1)
    assert "right or wrong" in command_line.refused("label-check", lessons, first, "perhaps")
