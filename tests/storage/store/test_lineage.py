"""The hits chosen for an error and the errors behind a training sample, at the time of the selection."""

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from core.types import Hit
from storage import store
from storage.store import lineage
from storage.tables.columns import utc_now
from tests.storage.world import a_prediction, a_review, a_round_of_errors, a_sample, a_selection, lessons


def test_a_sample_has_an_origin(connection: Connection) -> None:
    _, ids = a_round_of_errors(connection, 1)
    (lesson,) = lessons(connection, [a_sample(1)])
    assert lineage.origin_of(connection, ids[0]) == lineage.Origin(project=1, role="validation", name="")
    assert lineage.origin_of(connection, lesson) == lineage.Origin(project=None, role="support", name="flan")
    with pytest.raises(UserError, match="no sample 99999"):
        lineage.origin_of(connection, 99_999)


def test_verdicts_are_read_as_they_stood_at_a_moment(connection: Connection) -> None:
    base, (one, two, three) = a_round_of_errors(connection, 3)
    start = utc_now()
    store.add_review(connection, a_review(base, one, "edited", mistake_step=1, skill="adding"))
    store.add_review(connection, a_review(base, two, "edited", mistake_step=1, skill="adding"))
    store.add_review(connection, a_review(base, three, "rejected", skill="adding"))
    both = utc_now()
    store.undo_review(connection, base, two, "Ada")
    undone = utc_now()
    store.add_review(connection, a_review(base, one, "edited", mistake_step=1, skill="reading"))
    store.add_review(connection, a_review(base, two, "edited", mistake_step=1, skill="adding"))
    now = utc_now()
    asking = [lineage.errors_asking_at(connection, base, "adding", moment) for moment in (start, both, undone, now)]
    assert asking == [[], [one, two], [one], [two]]
    assert lineage.errors_asking_at(connection, base, "reading", now) == [one]
    assert lineage.review_at(connection, base, two, start) is None
    assert lineage.review_at(connection, base, two, undone) is None
    at_first, at_last = (lineage.review_at(connection, base, one, moment) for moment in (both, now))
    assert (at_first and at_first.skill, at_last and at_last.skill) == ("adding", "reading")


def test_as_many_errors_ask_for_a_skill_as_the_selection_counted(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 6)
    for key, skill in zip(ids, ("adding", "adding", "reading", "adding", "reading"), strict=False):
        store.add_review(connection, a_review(base, key, "edited", mistake_step=1, skill=skill))
    demands = store.accepted_skills(connection, base)
    moment = utc_now()
    store.add_review(connection, a_review(base, ids[0], "rejected"))
    assert {each.skill: len(lineage.errors_asking_at(connection, base, each.skill, moment)) for each in demands} == {
        each.skill: each.errors for each in demands
    }


def test_hits_are_found_by_skill_and_by_sample(connection: Connection) -> None:
    base, _ = a_round_of_errors(connection, 1)
    ids = lessons(connection, map(a_sample, range(4)))
    skills = ("adding", "reading", "adding", "adding")
    chosen = [Hit(sample=key, skill=skill, score=1.0, terms=(skill,)) for key, skill in zip(ids, skills, strict=True)]
    made = [store.save_selection(connection, a_selection(base, chosen, seed=seed)).id for seed in (0, 1)]
    found = lineage.hits_of_skill(connection, made[0], "adding", limit=2)
    assert [(each.position, each.hit) for each in found] == [(1, chosen[0]), (3, chosen[2])]
    assert lineage.count_hits_of_skill(connection, made[0], "adding") == 3
    assert [(each.selection, each.position) for each in lineage.hits_of_sample(connection, ids[1])] == [
        (made[1], 2),
        (made[0], 2),
    ]


def test_marks_of_some_samples_are_those_of_the_whole_set(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 4)
    later = store.open_round(connection, 1, run=None).id
    store.save_predictions(connection, [a_prediction(later, ids[0], correct=True), a_prediction(later, ids[1])])
    store.add_review(connection, a_review(base, ids[2], "label_wrong"))
    store.add_review(connection, a_review(base, ids[3], "misread", answer="9"), True)
    for at in (base, later):
        assert store.correctness_for(connection, at, ids) == store.correct_predictions(connection, at, "validation")
    assert store.correctness_for(connection, base, ids[3:]) == {ids[3]: True}
