"""Bulk reviews: each an ordinary review, undone and redone in one action."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.errors import UserError
from storage import store
from tests.storage.world import a_review, a_round_of_errors

SAME = ("verdict", "mistake_step", "skill", "answer", "note")


def standing(connection, base, ids):
    found = [store.current_review(connection, base, sample) for sample in ids]
    return [None if each is None else tuple(getattr(each, name) for name in SAME) for each in found]


def test_an_action_decides_every_case_and_names_itself(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 5, undiagnosed=1)
    cases = store.cases_page(connection, base, limit=10, order="id")
    bulk = store.add_bulk_review(connection, [(case, a_review(base, case.sample.id, "accepted")) for case in cases[:3]])
    accepted = [store.current_review(connection, base, sample) for sample in ids[:3]]
    assert [(each.skill, each.mistake_step) for each in accepted] == [
        (store.diagnosis_of(connection, base, sample).skill, 2) for sample in ids[:3]
    ]
    assert {store.bulk_review_of(connection, each.id) for each in accepted} == {(bulk, 3)}
    alone = store.add_review(connection, a_review(base, ids[3], "rejected"))
    assert store.bulk_review_of(connection, alone.id) is None
    assert store.add_bulk_review(connection, []) is None


def test_one_case_that_cannot_be_decided_refuses_the_action(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3, undiagnosed=1)
    cases = store.cases_page(connection, base, limit=10, order="id")
    with pytest.raises(UserError, match="name the missing skill first"):
        store.add_bulk_review(connection, [(case, a_review(base, case.sample.id, "accepted")) for case in cases])
    assert standing(connection, base, ids) == [None, None, None]


def test_undoing_an_action_leaves_what_was_decided_since(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    store.add_review(connection, a_review(base, ids[0], "edited", skill="before", mistake_step=1))
    cases = store.cases_page(connection, base, limit=10, order="id")
    bulk = store.add_bulk_review(connection, [(case, a_review(base, case.sample.id, "rejected")) for case in cases])
    store.add_review(connection, a_review(base, ids[1], "skipped"))
    assert store.undo_bulk_review(connection, bulk, "Grace")[0] == 2
    first, second, third = (store.current_review(connection, base, sample) for sample in ids)
    assert (first.verdict, first.skill, first.reviewer) == ("edited", "before", "Grace")
    assert (second.verdict, third) == ("skipped", None)
    assert store.undo_bulk_review(connection, bulk, "Grace") == (0, None)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["rejected", "skipped", "accepted"])), max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_action_undone_leaves_what_stood_and_done_again_what_it_gave(connection: Connection, before) -> None:
    base, ids = a_round_of_errors(connection, 4, name=f"project {len(store.list_projects(connection))}")
    for place, verdict in before:
        store.add_review(connection, a_review(base, ids[place], verdict, note=f"{place} {verdict}"))
    stood = standing(connection, base, ids)
    cases = store.cases_page(connection, base, limit=10, order="id")
    bulk = store.add_bulk_review(
        connection, [(case, a_review(base, case.sample.id, "accepted", note="all")) for case in cases]
    )
    gave = standing(connection, base, ids)
    for _ in range(2):
        count, bulk = store.undo_bulk_review(connection, bulk, "Ada")
        assert (count, standing(connection, base, ids)) == (4, stood)
        count, bulk = store.undo_bulk_review(connection, bulk, "Ada")
        assert (count, standing(connection, base, ids)) == (4, gave)
    for sample in ids:  # one by one leads back to the same
        store.undo_review(connection, base, sample, "Ada")
    assert standing(connection, base, ids) == stood
