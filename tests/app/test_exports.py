"""What is written to files can be read by others, and nothing that is there is overwritten."""

import json
from pathlib import Path

import pytest

from app import actions
from app.stages import Models
from app.worker import work_off
from core.errors import UserError
from storage.database import Database
from tests.tiny_project import TinyFiles
from tests.verdicts import diagnose_by_hand


def test_an_exported_adapter_is_the_rounds_own(db: Database, tiny: str, tmp_path: Path) -> None:
    actions.make_selection(db, tiny, budget=4, arm="random")
    work_off(db, actions.put_tune(db, tiny), Models("cpu"))
    out = actions.export_adapter(db, tiny, tmp_path / "adapter")
    stored = db.adapters / "run-1" / "adapter"
    assert {path.name for path in out.iterdir()} == {path.name for path in stored.iterdir()}
    assert (out / "adapter_model.safetensors").read_bytes() == (stored / "adapter_model.safetensors").read_bytes()
    with pytest.raises(UserError, match="nothing is overwritten"):
        actions.export_adapter(db, tiny, tmp_path / "adapter")


def test_exported_reviews_hold_every_verdict_in_order(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no reviews to export"):
        actions.export_reviews(db, tiny, tmp_path / "reviews.jsonl")
    sample = diagnose_by_hand(db, tiny, files)[0]
    actions.add_review(db, tiny, sample, "rejected", reviewer="ann")
    actions.add_review(db, tiny, sample, "accepted", reviewer="bob", skill="adding up")
    lines = actions.export_reviews(db, tiny, tmp_path / "reviews.jsonl").read_text().splitlines()
    (row,) = map(json.loads, lines)
    assert [(each["reviewer"], each["verdict"]) for each in row["reviews"]] == [("ann", "rejected"), ("bob", "edited")]
    assert row["diagnosis"]["mistake_step"] == 2


def test_the_report_says_on_which_set_each_figure_was_measured(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    diagnose_by_hand(db, tiny, files, test_too=True)
    actions.accept_all(db, tiny, reviewer="ann")
    made = actions.make_selection(db, tiny, budget=4)
    work_off(db, actions.put_tune(db, tiny, selection=made.id), Models("cpu"))
    work_off(db, actions.put_predict(db, tiny), Models("cpu"))
    text = actions.export_report(db, tiny, tmp_path / "report.md").read_text()
    assert "Round 1 against round 0 on the test set" in text
    assert "Round 1 against round 0 on the validation set" in text
    assert all(demand.skill in text for demand in made.demands)
