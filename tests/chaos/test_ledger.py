"""The chaos suite's ledger notices rows that are lost, changed, saved again or duplicated."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import open_database
from tests.chaos.ledger import Ledger, differences, portrait
from tests.projects.finished_loop import LOOP, Sizes, finished

SMALL = Sizes(validation=12, test=12, support=45)
ADD = (
    "INSERT INTO reviews (round, sample, reviewer, verdict, skill, note, created) "
    "SELECT round, sample, 'ada', 'skipped', '', '{}', '2026' FROM reviews LIMIT 1"
)
DEFECTS = (
    "DELETE FROM predictions WHERE round = 2 AND sample = 13",
    "UPDATE predictions SET text = text || '.' WHERE sample = 1 AND round = 1",
    "UPDATE predictions SET rowid = 9000 WHERE sample = 1 AND round = 2",  # the same answer, saved again
    "UPDATE updates SET loss = 0.75",
)


@pytest.fixture
def seen(tmp_path: Path) -> Ledger:
    finished(tmp_path, SMALL)
    ledger = Ledger(tmp_path)
    ledger.look()
    return ledger


def change(ledger: Ledger, statement: str) -> None:
    with closing(sqlite3.connect(ledger.file)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for name in [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("statement", DEFECTS)
def test_what_is_lost_changed_or_saved_again_is_seen(seen: Ledger, statement: str) -> None:
    change(seen, statement)
    with pytest.raises(AssertionError):
        seen.look()


def test_a_verdict_that_was_saved_twice_is_seen(seen: Ledger) -> None:
    change(seen, ADD.format("once"))
    seen.look()
    change(seen, ADD.format("once"))
    with pytest.raises(AssertionError, match="a verdict was saved twice"):
        seen.look()


def test_what_was_acknowledged_and_is_not_there_is_seen(seen: Ledger) -> None:
    seen.draft(1, 1, "a skill", "typed")
    with pytest.raises(AssertionError, match="the draft"):
        seen.look()
    seen.verdict(1, "decided")
    with pytest.raises(AssertionError, match="a verdict that was acknowledged is gone"):
        seen.look()
    change(seen, ADD.format("decided"))
    seen.look()


def test_lives_with_another_end_differ(seen: Ledger, tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        before = portrait(db, LOOP)
        assert differences(before, portrait(db, LOOP)) == []
        change(seen, "UPDATE predictions SET correct = NOT correct WHERE round = 2")
        found = {line.split(":")[0] for line in differences(before, portrait(db, LOOP))}
    assert {"predictions", "compared on test", "fixed on test"} <= found
