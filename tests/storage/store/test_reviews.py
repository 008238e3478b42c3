"""Reviews: append-only, undone by appending, and never a change to the diagnosis."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from core.errors import UserError
from core.types import SkillDemand
from storage import store
from storage.tables import reviews
from tests.storage.world import a_review, a_round_of_errors

actions = st.lists(
    st.one_of(
        st.sampled_from(["accepted", "edited", "rejected", "skipped", "label_wrong", "misread", "cleared"]),
        st.sampled_from(["undo", "redo"]),
    ),
    max_size=16,
)


def test_an_accepted_case_takes_step_and_skill_from_the_diagnosis(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 1)
    found = store.diagnosis_of(connection, base, ids[0])
    stored = store.add_review(connection, a_review(base, ids[0], "accepted", reviewer=" "))
    assert (stored.mistake_step, stored.skill) == (2, found.skill)
    assert stored.reviewer == "anonymous"
    assert stored.id > 0
    assert stored.created.endswith("+00:00")
    review = a_review(base, ids[0], "edited", mistake_step=1, skill="  adding\n two   numbers ")
    edited = store.add_review(connection, review)
    assert (edited.mistake_step, edited.skill) == (1, "adding two numbers")
    assert store.current_review(connection, base, ids[0]) == edited
    assert store.review_history(connection, base, ids[0]) == [stored, edited]


@given(actions=actions)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undo_and_redo_walk_one_verdict_at_a_time_and_no_review_changes_a_diagnosis(
    connection: Connection, actions: list[str]
) -> None:
    base, (sample,) = a_round_of_errors(connection, 1, name=f"project {len(store.list_projects(connection))}")
    before = store.diagnosis_of(connection, base, sample)
    standing, undone = [], []
    rows = 0
    for place, action in enumerate(actions):
        if action == "undo":
            back = store.undo_review(connection, base, sample, "Grace")
            assert (back is None) == (not standing)
            rows += back is not None
            undone += standing[-1:]
            standing = standing[:-1]
        elif action == "redo":
            again = store.redo_review(connection, base, sample, "Grace")
            assert (again is None) == (not undone)
            rows += again is not None
            standing += undone[-1:]
            undone = undone[:-1]
        else:
            undone = []
            note = f"note {place}"
            review = a_review(base, sample, action, skill=f"skill {place}", answer="8", mistake_step=1, note=note)
            standing.append(
                store.add_review(connection, review, correct=place % 2 == 0 if action == "misread" else None)
            )
            rows += 1
        found = store.current_review(connection, base, sample)
        expected = standing[-1] if standing and standing[-1].verdict != "cleared" else None
        if found is None or expected is None:
            assert found is expected
        else:
            same = {"id": 0, "created": "", "reviewer": ""}
            assert replace(found, **same) == replace(expected, **same)
    assert len(store.review_history(connection, base, sample)) == rows
    assert store.diagnosis_of(connection, base, sample) == before


@pytest.mark.parametrize(
    ("verdict", "more", "reason"),
    [
        ("accepted", {"mistake_step": 3}, "no step 3: choose one from 1 to 2"),
        ("edited", {"mistake_step": 0}, "no step 0"),
        ("accepted", {"skill": "x" * 201}, "skill is longer than 200"),
        ("rejected", {"note": "x" * 4001}, "note is longer than 4000"),
        ("skipped", {"reviewer": "x" * 101}, "reviewer is longer than 100"),
        ("misread", {"answer": None}, "Say which answer the student gave"),
        ("misread", {"answer": "8"}, "Say which answer the student gave"),
        ("approved", {}, "no verdict 'approved': choose one of accepted, edited"),
        ("skipped", {"note": "\ud83d"}, "note holds half a character"),
        ("skipped", {"sample": 999}, "has no prediction for sample 999"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(
    connection: Connection, verdict: str, more: dict[str, object], reason: str
) -> None:
    base, (sample,) = a_round_of_errors(connection, 1)
    with pytest.raises(UserError, match=reason):
        store.add_review(connection, a_review(base, **{"sample": sample, "verdict": verdict} | more))
    assert store.review_history(connection, base, sample) == []


def test_an_undiagnosed_case_cannot_be_accepted_as_it_is(connection: Connection) -> None:
    base, (sample,) = a_round_of_errors(connection, 1, undiagnosed=1)
    with pytest.raises(UserError, match="name the missing skill first"):
        store.add_review(connection, a_review(base, sample, "accepted"))
    store.add_review(connection, a_review(base, sample, "edited", mistake_step=1, skill="adding"))
    assert store.accepted_skills(connection, base) == [SkillDemand(skill="adding", errors=1)]


def test_the_last_reviewed_case_is_the_newest_that_stands(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    assert store.last_reviewed_sample(connection, base, "Ada") is None
    for sample in (ids[2], ids[0]):
        store.add_review(connection, a_review(base, sample, "rejected"))
    store.add_review(connection, a_review(base, ids[1], "rejected", reviewer="Grace"))
    assert store.last_reviewed_sample(connection, base, "Ada") == ids[0]
    store.undo_review(connection, base, ids[0], "Ada")
    assert store.last_reviewed_sample(connection, base, "Ada") == ids[2]


def test_accepted_skills_are_counted_by_the_verdict_that_stands(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 6)
    for sample in ids[:3]:
        store.add_review(connection, a_review(base, sample, "edited", skill="reading"))
    store.add_review(connection, a_review(base, ids[3], "accepted", skill="adding"))
    store.add_review(connection, a_review(base, ids[4], "rejected", skill="reading"))
    store.add_review(connection, a_review(base, ids[0], "skipped"))
    store.undo_review(connection, base, ids[1], "Ada")
    expected = [SkillDemand(skill="adding", errors=1), SkillDemand(skill="reading", errors=1)]
    assert store.accepted_skills(connection, base) == expected
    assert store.review_counts(connection, base) == {"accepted": 1, "edited": 1, "rejected": 1, "skipped": 1}


@pytest.mark.parametrize("statement", [update(reviews).values(note="other"), delete(reviews)])
def test_the_database_refuses_to_change_a_review(connection: Connection, statement: object) -> None:
    base, ids = a_round_of_errors(connection, 1)
    store.add_review(connection, a_review(base, ids[0], "rejected"))
    with pytest.raises(IntegrityError, match="reviews are append-only"):
        connection.execute(statement)
