"""Checks that all that was saved or acknowledged before a kill is there after it, and compares finished projects.

Reads the database with plain SQL, not with the product's own functions.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from app.comparisons.paired import compare_rounds
from storage.database import FILE_NAME, Database

# Rows that never change once they are saved; with the rowid, so that a row that was saved again is noticed.
PERMANENT_ROWS = {
    "predictions": "SELECT rowid, * FROM predictions",
    "diagnoses": "SELECT rowid, * FROM diagnoses",
    "reviews": "SELECT * FROM reviews",
    "selections": "SELECT * FROM selections",
    "hits": "SELECT * FROM hits",
    "rounds": "SELECT * FROM rounds",
    "runs": "SELECT id, project, selection, from_round, settings FROM runs",
    "labels": "SELECT samples.id, labels.text FROM samples JOIN labels ON labels.id = samples.skill_label",
    "updates": "SELECT run, number, total, epoch, loss, learning_rate FROM updates",
}
SAMPLE = "JOIN samples ON samples.id = {0}.sample JOIN rounds ON rounds.id = {0}.round"
PORTRAIT_QUERIES = {
    "samples": "SELECT role, name, source_id, question, answer, labels.text FROM samples JOIN sample_sets ON "
    "sample_sets.id = sample_set LEFT JOIN labels ON labels.id = skill_label WHERE complete ORDER BY 1, 2, samples.id",
    "predictions": "SELECT number, source_id, predictions.text, steps, predictions.answer, reading, span, correct "
    f"FROM predictions {SAMPLE.format('predictions')} ORDER BY 1, samples.id",
    "diagnoses": "SELECT number, source_id, candidates, truth, predicted, probabilities, status, mistake_step, "
    f"confidence, skill, prior FROM diagnoses {SAMPLE.format('diagnoses')} ORDER BY 1, samples.id",
    "reviews": "SELECT number, source_id, reviewer, verdict, mistake_step, skill, note "
    f"FROM reviews {SAMPLE.format('reviews')} ORDER BY 1, 2, 7",
    "drafts": "SELECT number, source_id, reviewer, mistake_step, skill, note "
    f"FROM drafts {SAMPLE.format('drafts')} ORDER BY 1, 2",
    "hits": "SELECT selection, source_id, hits.skill, score FROM hits JOIN samples ON samples.id = hits.sample "
    "ORDER BY 1, position",
    "updates": "SELECT run, number, total, epoch, loss, learning_rate FROM updates ORDER BY 1, 2",
    "rounds": "SELECT project, number FROM rounds ORDER BY 1, 2",
    "runs": "SELECT project, settings, adapter FROM runs ORDER BY id",
    "jobs": "SELECT kind, args, state FROM jobs WHERE state = 'done' ORDER BY kind, args",
}


class Ledger:
    """The rows of the last look, and the drafts and verdicts that the app acknowledged since."""

    def __init__(self, data: Path) -> None:
        self.file = data / FILE_NAME
        self.rows: dict[str, set[Any]] = {name: set() for name in PERMANENT_ROWS}
        self.drafts: dict[int, tuple[Any, ...]] = {}
        self.verdicts: dict[str, int] = {}
        self.looks = 0

    def look(self) -> None:
        """Check the database against this ledger, and record its rows."""
        with closing(sqlite3.connect(self.file, timeout=30)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            for name, query in PERMANENT_ROWS.items():
                now = set(connection.execute(query))
                gone = self.rows[name] - now
                # A run resumes from its last checkpoint: later updates are made again, with the same numbers.
                assert not gone, f"{name}: {len(gone)} rows are gone or changed, as {next(iter(gone))}"
                self.rows[name] = now
            notes = [note for (note,) in connection.execute("SELECT note FROM reviews WHERE note <> ''")]
            assert len(notes) == len(set(notes)), "a verdict was saved twice"
            assert not {*self.verdicts} - {*notes}, "a verdict that was acknowledged is gone"
            kept = {row[0]: row for row in connection.execute("SELECT sample, mistake_step, skill, note FROM drafts")}
            for sample, draft in self.drafts.items():
                # A verdict deletes its draft, also a verdict whose answer was lost.
                assert kept.get(sample) == draft or draft[-1] in notes, f"the draft {draft} is {kept.get(sample)}"
        self.looks += 1

    def draft(self, sample: int, step: int, skill: str, note: str) -> None:
        """Record an acknowledged draft."""
        self.drafts[sample] = (sample, step, skill, note)

    def verdict(self, sample: int, note: str) -> None:
        """Record an acknowledged verdict, which deletes its reviewer's draft."""
        self.verdicts[note] = sample
        self.drafts.pop(sample, None)


def portrait(db: Database, project: str) -> dict[str, Any]:
    """All that a life produced, independent of the order in which rows got their ids."""
    with closing(sqlite3.connect(db.data / FILE_NAME)) as connection:
        found: dict[str, Any] = {name: connection.execute(query).fetchall() for name, query in PORTRAIT_QUERIES.items()}
        source = dict(connection.execute("SELECT id, source_id FROM samples").fetchall())
    for role in ("validation", "test"):
        found[f"compared on {role}"] = asdict(compare_rounds(db, project, 0, 1, role=role))
        for which in ("fixed", "broken", "still_wrong", "still_right"):
            found[f"{which} on {role}"] = [source[each] for each in found[f"compared on {role}"].pop(which)]
    found["weights"] = {
        str(file.relative_to(db.adapters)): {
            name: hashlib.sha256(tensor.numpy().tobytes()).hexdigest() for name, tensor in load_file(file).items()
        }
        for file in sorted(db.adapters.rglob("adapter_model.safetensors"))
    }
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The differences of two portraits, one a line."""
    return [
        f"{name}: {json.dumps(one[name], default=str)[:300]} or {json.dumps(other[name], default=str)[:300]}"
        for name in one
        if one[name] != other[name]
    ]
