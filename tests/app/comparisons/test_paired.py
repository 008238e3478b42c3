"""Comparing two rounds: fixed and broken samples by category and skill, and the gate."""

import pytest

from app.comparisons.paired import compare_rounds, paired_comparison
from core.errors import UserError
from storage import store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.projects.finished_loop import LOOP, finish_loop
from tests.storage.world import a_review


def test_both_sets_are_compared_by_category_and_only_validation_by_skill(db: Database) -> None:
    finish_loop(db)
    for role in ("validation", "test"):
        found = compare_rounds(db, LOOP, 0, 1, role=role)
        counts = {each.name: (each.fixed, each.broken, each.samples) for each in found.by_category}
        assert counts == {"colours": (0, 0, 20), "maps": (0, 10, 20), "sums": (10, 0, 20)}
    assert found.by_skill == ()
    validation = compare_rounds(db, LOOP, 0, 1, role="validation")
    skills = {each.name: (each.fixed, each.broken, each.still_wrong) for each in validation.by_skill}
    assert skills == {"adding two digits": (10, 0, 0), "naming a colour": (0, 0, 10), "reading a map": (0, 10, 10)}


def test_the_gate_names_the_category_that_broke(db: Database) -> None:
    finish_loop(db)
    with db.read() as connection:
        judged = paired_comparison(connection, LOOP, 0, 1, role="test").gate
        back = paired_comparison(connection, LOOP, 1, 0, role="test").gate
    assert back.findings[0].startswith("Broken in category “sums”")
    assert not judged.passed
    assert judged.sentence.startswith("Broken in category “maps” is significant: 10 broken, 0 fixed of 20")


def test_a_skill_is_the_one_that_people_named(db: Database) -> None:
    finish_loop(db)
    with db.write() as connection:
        base, later = store.rounds_of(connection, store.project_named(connection, LOOP).id)
        named = store.skills_by_sample(connection, base.id)
        fixed = paired_comparison(connection, LOOP, 0, 1, role="validation").found.fixed[0]
        store.add_review(connection, a_review(base.id, fixed, "edited", mistake_step=1, skill="carrying the one"))
        compared = paired_comparison(connection, LOOP, 0, 1, role="validation")
        assert named[fixed] == "adding two digits"
    assert compared.skills[fixed] == "carrying the one"
    assert compared.unnamed == 0
    assert later.number == 1


def test_what_broke_has_no_skill_until_the_later_round_is_diagnosed(db: Database) -> None:
    finish_loop(db, diagnose_after=False)
    with db.read() as connection:
        compared = paired_comparison(connection, LOOP, 0, 1, role="validation")
    assert compared.unnamed == len(compared.found.broken) == 10
    assert all(each.broken == 0 for each in compared.found.by_skill)


def test_a_round_without_predictions_is_named_with_the_way_on(db: Database) -> None:
    finish_loop(db)
    with db.write() as connection:
        store.open_round(connection, store.project_named(connection, LOOP).id, run=None)
    with pytest.raises(UserError, match="Round 2 has no predictions on the test set: run `switchpoint predict"):
        compare_rounds(db, LOOP, 0, 2)


def test_the_command_line_shows_groups_and_gate(db: Database, command_line: CommandLine) -> None:
    finish_loop(db)
    shown = command_line.said("compare", LOOP, 0, 1, "--set", "validation")
    assert "Gate FAILED: Broken in category “maps” is significant" in " ".join(shown.split())
    assert "By missing skill, validation set" in shown
    printed = command_line.json("compare", LOOP, 0, 1)
    assert (printed["role"], printed["gate"]["passed"], printed["rounds"]) == ("test", False, [0, 1])
    assert [each["name"] for each in printed["by_category"] if each["significantly_broken"]] == ["maps"]
