"""The list of errors: order, pages, filters and counts, each against a plain computation over all cases."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.types import Verdict
from storage import store
from storage.store import Case, CaseFilters, CaseLine, Order
from tests.storage.world import a_diagnosis, a_review, a_round_of_errors

EVERYTHING = CaseFilters()
ORDERS: tuple[Order, ...] = ("least_sure", "skill", "id")


def place(case: Case, order: Order) -> tuple[object, ...]:
    if order == "id":
        return (case.sample.id,)
    if case.diagnosis is None:
        return True, 0, case.sample.id
    key = case.diagnosis.switch.confidence if order == "least_sure" else case.diagnosis.skill
    return False, key, case.sample.id


def line_of(case: Case) -> CaseLine:
    """The line of a case, computed from the case."""
    found = case.diagnosis
    return CaseLine(
        sample=case.sample.id,
        question=case.sample.question,
        verdict=case.review.verdict if case.review else None,
        skill=case.skill,
        mistake_step=case.mistake_step,
        confidence=found.switch.confidence if found else None,
        machine_skill=found.skill if found else None,
    )


def all_cases(connection: Connection, base: int, filters: CaseFilters = EVERYTHING, order: Order = "id") -> list[Case]:
    return store.cases_page(connection, base, limit=1000, filters=filters, order=order)


def a_reviewed_round(connection: Connection) -> tuple[int, list[int]]:
    """20 errors, 4 of them undiagnosed (the answers of 2 unclear), under every kind of verdict."""
    base, ids = a_round_of_errors(connection, 20, undiagnosed=4, unclear=2)
    verdicts: tuple[Verdict, ...] = ("accepted", "edited", "rejected", "skipped", "label_wrong", "misread", "cleared")
    for number, (sample, verdict) in enumerate(zip(ids[2:], verdicts * 2, strict=False)):
        more = {"mistake_step": 1, "skill": f"skill {number % 3}", "answer": "9", "note": "why"}
        store.add_review(connection, a_review(base, sample, verdict, **more), correct=number % 2 == 0)
    return base, ids


def test_a_case_shows_sample_prediction_diagnosis_and_the_verdict_that_stands(connection: Connection) -> None:
    base, ids = a_reviewed_round(connection)
    cases = all_cases(connection, base)
    assert [case.sample.id for case in cases] == ids
    for case in cases:
        assert case.sample == store.get_sample(connection, case.sample.id)
        assert case.prediction == store.prediction_of(connection, base, case.sample.id)
        assert case.diagnosis == store.diagnosis_of(connection, base, case.sample.id)
        assert case.review == store.current_review(connection, base, case.sample.id)
        assert store.case_of(connection, base, case.sample.id) == case
    scores = store.correct_predictions(connection, base, "validation")
    assert {case.sample.id: case.correct for case in cases if case.correct is not None} == scores
    assert store.case_of(connection, base, ids[-1] + 1) is None


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 3, 7, 16, 50])
def test_pages_visit_every_case_once_in_order_even_while_people_review(
    connection: Connection, order: Order, size: int
) -> None:
    base, ids = a_round_of_errors(connection, 20, undiagnosed=4, unclear=2)
    seen: list[Case] = []
    while page := store.cases_page(
        connection, base, after=store.cursor_of(seen[-1], order) if seen else None, limit=size, order=order
    ):
        assert len(page) <= size
        seen += page
        for sample in (seen[0].sample.id, page[-1].sample.id, ids[len(seen) % 20]):
            store.add_review(connection, a_review(base, sample, "edited", skill=f"new {len(seen)}", mistake_step=1))
    assert sorted(case.sample.id for case in seen) == ids
    assert seen == sorted(seen, key=lambda case: place(case, order))


filters = st.builds(
    CaseFilters,
    verdict=st.sampled_from([None, None, "accepted", "edited", "rejected", "label_wrong", "misread", "unreviewed"]),
    category=st.sampled_from([None, None, "category 0", "category 2", "none such"]),
    skill=st.sampled_from([None, None, "skill 0", "skill 1", "skill 2"]),
    mistake_step=st.sampled_from([None, None, 1, 2]),
    status=st.sampled_from([None, None, "switched", "no_switch", "undiagnosed", "unclear"]),
    confidence=st.sampled_from([None, None, (0.0, 0.3), (0.2, 0.6), (0.6, 1.01)]),
    reviewer=st.sampled_from([None, None, "Ada", "Grace", "nobody"]),
    text=st.sampled_from([None, None, "what is 1", "1 what", "FIRST OF", "fir", "irst", "skill 1", "r1", "%", "_"]),
)


def shown(case: Case, asked: CaseFilters) -> bool:
    verdict = "unreviewed" if case.review is None else case.review.verdict
    open_status = "unclear" if case.prediction.answer is None else "undiagnosed"
    status = open_status if case.diagnosis is None else case.diagnosis.switch.status
    said = " ".join((case.sample.question, case.prediction.text, case.skill)).lower()
    words = re.findall(r"\w+", said)
    wanted = re.findall("[a-z0-9]+", (asked.text or "what").lower())
    sure = None if case.diagnosis is None else case.diagnosis.switch.confidence
    return (
        asked.verdict in (None, verdict)
        and asked.category in (None, case.sample.category)
        and asked.skill in (None, case.skill)
        and asked.mistake_step in (None, case.mistake_step)
        and asked.status in (None, status)
        and (asked.confidence is None or (sure is not None and asked.confidence[0] <= sure < asked.confidence[1]))
        and asked.reviewer in (None, case.review and case.review.reviewer)
        and bool(wanted)
        and all(any(word.startswith(each) for word in words) for each in wanted)
    )


@given(asked=filters, order=st.sampled_from(ORDERS), size=st.integers(1, 9))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_combine_and_keep_order_and_counts(
    connection: Connection, asked: CaseFilters, order: Order, size: int
) -> None:
    base = 1 if store.list_projects(connection) else a_reviewed_round(connection)[0]
    expected = [case for case in all_cases(connection, base) if shown(case, asked)]
    expected.sort(key=lambda case: place(case, order))
    found: list[Case] = []
    while page := store.cases_page(
        connection,
        base,
        after=store.cursor_of(found[-1], order) if found else None,
        limit=size,
        filters=asked,
        order=order,
    ):
        found += page
    assert found == expected
    assert store.count_cases(connection, base, asked) == len(expected)
    lines: list[CaseLine] = []
    while more := store.lines_page(
        connection, base, after=lines[-1].cursor(order) if lines else None, limit=size, filters=asked, order=order
    ):
        lines += more
    assert lines == [line_of(case) for case in expected]
    assert [line.cursor(order) for line in lines] == [store.cursor_of(case, order) for case in expected]


@given(asked=filters)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_facet_promises_what_its_filter_then_shows(connection: Connection, asked: CaseFilters) -> None:
    base = 1 if store.list_projects(connection) else a_reviewed_round(connection)[0]
    facets = store.facet_counts(connection, base, asked)
    for name in ("verdict", "category", "skill", "mistake_step", "status", "reviewer"):
        for value, count in getattr(facets, name).items():
            assert store.count_cases(connection, base, replace(asked, **{name: value})) == count


def test_only_errors_on_the_validation_set_are_cases(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    tests = [each.sample for each in store.predictions_of(connection, base, "test")]
    store.save_diagnoses(connection, [a_diagnosis(base, tests[0])])
    for order in ORDERS:
        assert sorted(case.sample.id for case in all_cases(connection, base, order=order)) == ids
    assert store.count_cases(connection, base) == 3
