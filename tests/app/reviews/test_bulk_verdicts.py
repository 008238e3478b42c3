"""Bulk verdicts change what their plan says, and nothing else."""

import pytest

from app.reviews.bulk_verdicts import ALREADY_SO, DECIDED_OTHERWISE, NO_SKILL_OR_STEP, do_bulk, plan_bulk, undo_bulk
from core.errors import UserError
from core.types import Verdict
from storage import store
from storage.database import Database
from storage.store import CaseFilters
from tests.storage.world import a_review, a_round_of_errors

ALL = CaseFilters()
DECIDED: tuple[tuple[int, Verdict], ...] = ((0, "accepted"), (1, "edited"), (2, "rejected"), (3, "label_wrong"))


def a_project_with_verdicts(db: Database) -> list[int]:
    """Eight errors: the last without a diagnosis, the first four decided; returns their sample ids."""
    with db.write() as connection:
        base, ids = a_round_of_errors(connection, 8, undiagnosed=1)
        for place, verdict in DECIDED:
            more = {"skill": "said by hand", "mistake_step": 1} if verdict == "edited" else {}
            store.add_review(connection, a_review(base, ids[place], verdict, **more))
    return ids


def planned(db: Database, act: str, filters: CaseFilters = ALL, skill: str = ""):
    with db.read() as connection:
        return plan_bulk(connection, "demo", 0, filters, act, skill=skill, reviewer="Grace")


def standing(db: Database, ids: list[int]) -> list[tuple[str, str] | None]:
    with db.read() as connection:
        found = [store.current_review(connection, 1, sample) for sample in ids]
    return [each and (each.verdict, each.skill) for each in found]


def test_accepting_leaves_what_is_accepted_and_what_has_no_skill(db: Database) -> None:
    a_project_with_verdicts(db)
    plan = planned(db, "accepted")
    assert plan.before == {"unreviewed": 3, "rejected": 1, "label_wrong": 1}
    assert plan.left == {ALREADY_SO: 2, NO_SKILL_OR_STEP: 1}
    assert len(plan.changes) == 5


def test_a_plan_is_carried_out_on_its_filter_only_and_undone_as_one(db: Database) -> None:
    ids = a_project_with_verdicts(db)
    before = standing(db, ids)
    only = CaseFilters(verdict="unreviewed", status="switched")
    plan = planned(db, "skipped", only)
    bulk, cases = do_bulk(db, "demo", 0, only, "skipped", skill="", reviewer="Grace", seal=plan.seal)
    assert cases == 3
    assert standing(db, ids) == [*before[:4], *[("skipped", "")] * 3, before[7]]
    undo, back = undo_bulk(db, "demo", bulk, reviewer="Ada")
    assert (back, standing(db, ids)) == (3, before)
    undo_bulk(db, "demo", undo, reviewer="Ada")
    assert standing(db, ids)[4:7] == [("skipped", "")] * 3


def test_a_rename_rewords_accepted_cases_and_accepts_the_undecided(db: Database) -> None:
    ids = a_project_with_verdicts(db)
    plan = planned(db, "renamed", skill="  one   wording ")
    assert plan.before == {"unreviewed": 3, "accepted": 1, "edited": 1}
    assert plan.left == {DECIDED_OTHERWISE: 2, NO_SKILL_OR_STEP: 1}
    do_bulk(db, "demo", 0, ALL, "renamed", skill="one wording", reviewer="Grace", seal=plan.seal)
    after = standing(db, ids)
    assert after[:2] + after[4:7] == [("edited", "one wording")] * 5
    with db.read() as connection:
        assert store.current_review(connection, 1, ids[1]).mistake_step == 1  # a person's step stays
        assert store.accepted_skills(connection, 1)[0].errors == 5
        assert [each.cases for each in store.bulk_reviews_of(connection, 1)] == [5]
    assert planned(db, "renamed", skill="one wording").left[ALREADY_SO] == 5


def test_cases_that_changed_since_the_plan_are_not_decided_unseen(db: Database) -> None:
    ids = a_project_with_verdicts(db)
    plan = planned(db, "rejected")
    with db.write() as connection:
        store.add_review(connection, a_review(1, ids[5], "accepted"))
    before = standing(db, ids)
    with pytest.raises(UserError, match="changed while you looked"):
        do_bulk(db, "demo", 0, ALL, "rejected", skill="", reviewer="Grace", seal=plan.seal)
    assert standing(db, ids) == before


@pytest.mark.parametrize(
    ("act", "skill", "reason"),
    [("misread", "", "no such decision"), ("", "", "no such decision"), ("renamed", " ", "new wording")],
)
def test_an_act_that_makes_no_sense_is_refused(db: Database, act: str, skill: str, reason: str) -> None:
    a_project_with_verdicts(db)
    with pytest.raises(UserError, match=reason):
        planned(db, act, skill=skill)


def test_an_action_of_another_project_cannot_be_undone_from_here(db: Database) -> None:
    a_project_with_verdicts(db)
    with db.write() as connection:
        a_round_of_errors(connection, 2, name="other")
    plan = planned(db, "rejected")
    bulk, _ = do_bulk(db, "demo", 0, ALL, "rejected", skill="", reviewer="Grace", seal=plan.seal)
    for project, number in (("other", bulk), ("demo", bulk + 1000), ("demo", 1)):
        with pytest.raises(UserError, match="no such action"):
            undo_bulk(db, project, number, reviewer="Ada")
    undo_bulk(db, "demo", bulk, reviewer="Ada")
    with pytest.raises(UserError, match="Nothing is left to undo"):
        undo_bulk(db, "demo", bulk, reviewer="Ada")
