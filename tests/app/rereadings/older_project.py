"""A project whose predictions an older version read: what it stored is made up, what the rules of now read is not."""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection

from core.parsing.prediction import read_prediction
from core.types import Draft, Evidence, Prediction, Sample, Settings
from storage import store
from storage.database import FILE_NAME, Database
from tests.storage.world import a_diagnosis, a_review

PROJECT = "old"
OPTIONS = ("red", "blue", "green")
TRUTH = "red"
Damage = Literal["none", "answer", "unclear", "guessed", "wrong", "steps", "rule"]
Decision = Literal["none", "accepted", "undone", "misread", "drafted"]


@dataclass(frozen=True, kw_only=True)
class Past:
    """A prediction's past: what the student says, how the old reading differs from that of now, whether it came from a
    file (with a mistake step?), what a person decided, and whether it was diagnosed."""

    says: str = "blue"
    damage: Damage = "none"
    imported: bool = False
    gold: int | None = None
    decision: Decision = "none"
    diagnosed: bool = False


def text_of(says: str) -> str:
    return f"Step 1: The ball is big. Step 2: Its colour is {says}. The answer is {says}."


def read_then(fresh: Prediction, damage: Damage) -> Prediction:
    """The prediction as the older version read it."""
    changes: dict[Damage, dict[str, Any]] = {
        "none": {},
        "answer": {"answer": "green", "correct": False},
        "unclear": {"answer": None, "correct": False, "reading": "unclear", "span": None, "read_confidence": 0.0},
        "guessed": {"answer": TRUTH, "correct": True},
        "wrong": {"correct": not fresh.correct},
        "steps": {"steps": (*fresh.steps, f"The answer is {fresh.answer}.")},
        "rule": {"reading": "last line", "span": (0, 4), "read_confidence": 1 / 3},
    }
    return replace(fresh, reading_version=0, **changes[damage])


def fill(connection: Connection, pasts: Sequence[Past], name: str = PROJECT) -> tuple[int, list[int]]:
    """A project with a prediction of each past; returns the ids of its round and of its samples."""
    project = store.create_project(connection, name, student="s", teacher="t", settings=Settings())
    samples = [
        Sample(source_id=f"v{number}", question=f"Which colour, {number}?", options=OPTIONS, answer=TRUTH)
        for number in range(len(pasts))
    ]
    store.save_samples(connection, project=project.id, role="validation", samples=samples, images={})
    stored = list(store.samples_of(connection, project=project.id, role="validation"))
    (base,) = store.rounds_of(connection, project.id)
    for sample, past in zip(stored, pasts, strict=True):
        fresh = read_prediction(sample, text_of(past.says), round_id=base.id)
        store.save_predictions(connection, [read_then(fresh, past.damage)])
        if past.imported:
            store.save_gold_steps(connection, base.id, [(sample.id, past.gold)])
        if past.diagnosed:
            store.save_diagnoses(connection, [a_diagnosis(base.id, sample.id)])
            asked = {"teacher": "t", "method": "prompt_per_step", "variant": ""}
            store.save_evidence(connection, [Evidence(round=base.id, sample=sample.id, value=[0.5], **asked)])
        _decide(connection, base.id, sample.id, past.decision)
    return base.id, [each.id for each in stored]


def _decide(connection: Connection, base: int, sample: int, decision: Decision) -> None:
    step = {"mistake_step": 1, "skill": "seeing"}
    if decision in ("accepted", "undone"):
        store.add_review(connection, a_review(base, sample, "accepted", **step))
    if decision == "undone":
        store.undo_review(connection, base, sample, "Ada")
    if decision == "misread":
        store.add_review(connection, a_review(base, sample, "misread", answer="green"), False)
    if decision == "drafted":
        store.save_draft(connection, Draft(round=base, sample=sample, reviewer="Ada", **step))


def snapshot(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as stored; of the text index what it holds."""
    connection = sqlite3.connect(os.path.join(db.data, FILE_NAME))
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    own = [name for name in names if not name.startswith(("case_texts_", "sqlite_"))]
    found = {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in own}
    connection.close()
    return found


def check_index(connection: Connection) -> None:
    """The text index holds exactly the errors of the validation set, once, with the skill that stands for each."""
    connection.exec_driver_sql("INSERT INTO case_texts (case_texts) VALUES ('integrity-check')")
    held = connection.exec_driver_sql("SELECT sample, skill FROM case_texts ORDER BY sample").all()
    wrong = connection.exec_driver_sql(
        """SELECT predictions.sample, coalesce(
            (SELECT CASE WHEN verdict IN ('accepted', 'edited') THEN skill END FROM reviews
             WHERE reviews.sample = predictions.sample ORDER BY id DESC LIMIT 1), diagnoses.skill, '')
        FROM predictions LEFT JOIN diagnoses USING (round, sample) WHERE correct = 0 ORDER BY predictions.sample"""
    ).all()
    assert held == wrong
