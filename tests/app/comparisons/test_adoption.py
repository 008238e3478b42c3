"""Adopting a round: what the gate stops, what is saved, and that everything then builds on the adopted round."""

import pytest

from app.comparisons import adoption
from app.comparisons.adoption import check_gate
from app.jobs.queue import put_diagnose, put_predict
from app.projects.lookup import find_round
from app.projects.status import next_step
from app.selections.draw import make_selection
from app.web.components.header import header_html
from app.web.page.change_stamp import same_pickers, stamp
from app.web.page.handlers import find_place
from core.errors import UserError
from storage import store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.projects.finished_loop import LOOP, Sizes, finish_loop

BROKEN = "Broken in category “maps” is significant"


def test_a_round_that_broke_nothing_is_adopted_without_a_word(db: Database) -> None:
    finish_loop(db, breaks=False)
    made = adoption.adopt(db, LOOP, 1, reviewer="Bo")
    assert (made.passed, made.role, made.reviewer, made.reason) == (True, "test", "Bo", "")
    assert made.findings == ("Nothing broke significantly on the test set (in 3 categories): 10 fixed, 0 broken.",)
    with pytest.raises(UserError, match="Round 1 is adopted already"):
        adoption.adopt(db, LOOP, 1, reviewer="Bo")


def test_a_round_that_broke_a_category_needs_a_reason_which_goes_on_record(db: Database) -> None:
    finish_loop(db)
    with pytest.raises(UserError, match=BROKEN):
        adoption.adopt(db, LOOP, 1, reviewer="Bo", reason="  \n ")
    made = adoption.adopt(db, LOOP, 1, reviewer=" ", reason="maps are\nout of scope")
    assert (made.passed, made.reason, made.reviewer) == (False, "maps are out of scope", "anonymous")
    assert BROKEN in made.findings[0]
    with db.read() as connection:
        base, later = store.rounds_of(connection, made.project)
        assert store.adoptions_of(connection, made.project) == [made]
    assert (made.round, made.against) == (later.id, base.id)


def test_the_gate_looks_at_the_validation_set_only_where_there_is_no_test_set(db: Database) -> None:
    finish_loop(db, Sizes(test=0))
    with db.read() as connection:
        project = store.project_named(connection, LOOP)
        assert check_gate(connection, project, find_round(connection, project, 1)).role == "validation"


def test_a_round_that_answered_nothing_cannot_be_adopted(db: Database) -> None:
    finish_loop(db, breaks=False)
    adoption.adopt(db, LOOP, 0, reviewer="Bo")
    with db.write() as connection:
        store.open_round(connection, store.project_named(connection, LOOP).id, run=None)
    with pytest.raises(UserError, match=r"Round 2 has answered neither set.*switchpoint predict finished --round 2"):
        adoption.adopt(db, LOOP, 2, reviewer="Bo", reason="hope")


def test_going_back_is_held_against_what_is_given_up(db: Database) -> None:
    finish_loop(db, breaks=False)
    adoption.adopt(db, LOOP, 1, reviewer="Bo")
    with pytest.raises(UserError, match="Broken in category “sums”"):
        adoption.adopt(db, LOOP, 0, reviewer="Bo")
    assert adoption.adopt(db, LOOP, 0, reviewer="Bo", reason="the server holds one adapter").round == 1


def test_a_reason_has_a_length(db: Database) -> None:
    finish_loop(db)
    with pytest.raises(UserError, match="longer than 1,000"):
        adoption.adopt(db, LOOP, 1, reviewer="Bo", reason="x" * 1001)


def test_everything_builds_on_the_adopted_round(db: Database) -> None:
    finish_loop(db)
    with db.read() as connection:
        project = store.project_named(connection, LOOP)
        assert find_round(connection, project, None).number == find_place(db, {"project": LOOP}).round == 1
    before = stamp(db, find_place(db, {"project": LOOP}))
    adoption.adopt(db, LOOP, 0, reviewer="Bo")
    place = find_place(db, {"project": LOOP})
    assert not same_pickers(before, stamp(db, place))
    assert place.round == 0
    assert "0 · untuned student, adopted" in header_html(db, place)
    with db.read() as connection:
        base, newest = store.rounds_of(connection, project.id)
    assert put_diagnose(db, LOOP).args["round"] == base.id
    assert put_predict(db, LOOP).args["round"] == newest.id, "what is new is measured first"
    assert make_selection(db, LOOP, budget=3).round == base.id


def test_the_next_step_is_to_decide_on_a_measured_round_and_then_goes_on_from_the_adopted_one(db: Database) -> None:
    finish_loop(db, diagnose_after=False)
    assert "Round 1 is measured: compare it with the one before and adopt it" in _next(db)
    adoption.adopt(db, LOOP, 0, reviewer="Bo")
    assert _next(db) == "Round 1 is measured: compare it with round 0 and adopt it, or go on from round 0."
    second = make_selection(db, LOOP, budget=3)
    assert _next(db) == f"Tune the student on selection {second.id}: that opens round 2."
    adoption.adopt(db, LOOP, 1, reviewer="Bo", reason="maps are out of scope")
    assert _next(db) == "Let the teacher diagnose 30 wrong answers."


def test_the_command_line_adopts(db: Database, command_line: CommandLine) -> None:
    finish_loop(db)
    assert BROKEN in command_line.refused("adopt", LOOP, 1)
    printed = command_line.json("adopt", LOOP, 1, "--reason", "maps are out of scope")
    assert (printed["number"], printed["passed"], printed["reason"]) == (1, False, "maps are out of scope")


def _next(db: Database) -> str:
    return next_step(db, LOOP).sentence
