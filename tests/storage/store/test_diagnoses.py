"""Diagnoses are stored exactly; only their mistake step may change."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from core.answer_switch import find_switch
from core.types import Curve, Switch
from storage import store
from storage.tables.diagnoses import diagnoses
from tests.storage.world import a_diagnosis, a_prediction, a_review, a_round, a_round_of_errors

shares = st.floats(0, 1, allow_subnormal=True)


@given(rows=st.lists(st.tuples(shares, shares, shares), min_size=1, max_size=6).map(tuple), confidence=shares)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_curve_comes_back_bit_by_bit(
    connection: Connection, rows: tuple[tuple[float, float, float], ...], confidence: float
) -> None:
    base, ids = a_round_of_errors(connection, 1, undiagnosed=1, name=f"project {len(store.list_projects(connection))}")
    curve = Curve(candidates=("7", "«9»", "a\nb"), truth=1, predicted=0, probabilities=rows)
    found = replace(a_diagnosis(base, ids[0], confidence=confidence), curve=curve, prior=confidence)
    assert store.save_diagnoses(connection, [found]) == 1
    assert store.diagnosis_of(connection, base, ids[0]) == found


def test_what_is_missing_are_the_errors_that_can_be_diagnosed(connection: Connection) -> None:
    base, ids, tests = a_round(connection, validation=6, test=2)
    wrong = [a_prediction(base, sample) for sample in (ids[1], ids[2])]
    store.save_predictions(
        connection,
        [
            a_prediction(base, ids[0], correct=True),
            *wrong,
            a_prediction(base, ids[3], answer=None),
            replace(a_prediction(base, ids[4]), steps=()),
            a_prediction(base, tests[0]),
        ],
    )
    assert store.missing_diagnoses(connection, base) == [
        (store.get_sample(connection, each.sample), each) for each in wrong
    ]
    store.save_diagnoses(connection, [a_diagnosis(base, ids[1])])
    assert [found.sample for _, found in store.missing_diagnoses(connection, base)] == [ids[2]]


def test_saving_diagnoses_again_changes_nothing(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    before = store.diagnoses_of(connection, base)
    assert store.save_diagnoses(connection, [a_diagnosis(base, ids[0], skill="other")]) == 0
    assert store.save_diagnoses(connection, []) == 0
    assert store.diagnoses_of(connection, base) == before
    assert [each.sample for each in before] == ids
    assert store.diagnosis_of(connection, base, 999) is None


def test_reading_anew_changes_the_switch_and_keeps_curves_skills_and_reviews(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 4)
    store.add_review(connection, a_review(base, ids[0], "accepted"))
    before = store.diagnoses_of(connection, base)
    assert store.apply_thresholds(connection, base, 0.9, 1, find_switch) == 4
    after = store.diagnoses_of(connection, base)
    expected = [replace(each, switch=find_switch(each.curve, delta=0.9, lam=1), delta=0.9, lam=1) for each in before]
    assert after == expected
    assert {each.switch.status for each in after} == {"no_switch"}
    assert store.current_review(connection, base, ids[0]).mistake_step == 2
    assert store.apply_thresholds(connection, base, 0.9, 1, find_switch) == 0


def test_reading_an_empty_round_anew_does_nothing(connection: Connection) -> None:
    def never(curve: Curve, *, delta: float, lam: int) -> Switch:
        raise AssertionError

    base, _ = a_round_of_errors(connection, 2, undiagnosed=2)
    assert store.apply_thresholds(connection, base, 0.5, 2, never) == 0


@pytest.mark.parametrize("column", ["probabilities", "candidates", "truth", "predicted", "skill", "prior", "teacher"])
def test_the_database_refuses_to_change_what_the_teacher_said(connection: Connection, column: str) -> None:
    a_round_of_errors(connection, 1)
    with pytest.raises(IntegrityError, match="only the reading of a curve may change"):
        connection.execute(update(diagnoses).values({column: diagnoses.c[column]}))
