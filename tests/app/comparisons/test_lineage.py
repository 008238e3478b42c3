"""Lineage in both directions: from an error to its later answers, and from a training sample back to its errors."""

import pytest

from app.comparisons.lineage import trace_error, trace_training
from app.comparisons.paired import compare_rounds
from app.selections.draw import make_selection
from app.web.page.place import Place, read_place
from app.web.tabs.comparison.lineage import lineage_html
from core.errors import UserError
from core.types import TuningSettings
from storage import store
from storage.database import Database
from storage.store import Project
from tests.projects.finished_loop import BUDGET, LOOP, finish_loop
from tests.storage.world import a_review


@pytest.fixture(autouse=True)
def _finished(db: Database) -> None:
    finish_loop(db)


def project_of(db: Database) -> Project:
    with db.read() as connection:
        return store.project_named(connection, LOOP)


def outcome(db: Database, name: str, role: str = "validation") -> int:
    """One sample that was fixed, broken …"""
    found = compare_rounds(db, LOOP, 0, 1, role=role)  # type: ignore[arg-type]
    return int(getattr(found, name)[0])


def test_an_error_leads_over_review_hits_and_run_to_what_became_of_it(db: Database) -> None:
    with db.read() as connection:
        found = trace_error(connection, project_of(db), outcome(db, "fixed"))
        before, after = found.rounds
        (asked,) = before.asked
        assert (before.right, after.right, after.asked) == (False, True, ())
        assert (asked.review.verdict, asked.review.skill) == ("accepted", "adding two digits")
        assert all(each.hit.skill == "adding two digits" for each in asked.best)
        assert asked.chosen == sum(
            hit.skill == asked.review.skill for hit in store.selection_of(connection, asked.selection.id).hits
        )
        (treated,) = asked.treated
        assert treated.opened is not None
        assert found.right_in(treated.opened) is True


def test_every_hit_leads_back_to_the_errors_that_lead_to_it(db: Database) -> None:
    project = project_of(db)
    with db.read() as connection:
        (made,) = store.selections_of(connection, project.id)
        demands = {each.skill: each.errors for each in made.demands}
        hits = store.selection_of(connection, made.id).hits
        assert len(hits) == BUDGET
        for place, hit in enumerate(hits, 1):
            (use,) = trace_training(connection, project, hit.sample).uses
            assert (use.place, use.hit, use.selection.id) == (place, hit, made.id)
            assert len(use.errors) == demands[hit.skill]
            for key in use.errors:
                (asked,) = trace_error(connection, project, key).rounds[0].asked
                assert (asked.selection.id, asked.review.skill) == (made.id, hit.skill)


def test_lineage_is_of_the_verdict_that_stood_when_the_selection_was_made(db: Database) -> None:
    project, key = project_of(db), outcome(db, "fixed")
    with db.write() as connection:
        base = store.rounds_of(connection, project.id)[0].id
        store.add_review(connection, a_review(base, key, "rejected"))
        trace = trace_error(connection, project, key).rounds[0]
        assert trace.review is not None
        assert (trace.review.verdict, trace.asked[0].review.verdict) == ("rejected", "accepted")


def test_a_run_that_is_not_finished_and_an_untuned_selection_say_so(db: Database) -> None:
    project, key = project_of(db), outcome(db, "still_wrong")
    made = make_selection(db, LOOP, budget=6, round_number=0)
    with db.read() as connection:
        html = lineage_html(connection, read_place({"sample": str(key)}), project)
    assert "not tuned on yet" in html
    with db.write() as connection:
        store.create_run(
            connection,
            project=project.id,
            selection=made.id,
            from_round=made.round,
            settings=TuningSettings(rank=4, alpha=4),
        )
        assert "not finished" in lineage_html(connection, read_place({"sample": str(key)}), project)


def test_a_test_sample_is_only_measured(db: Database) -> None:
    with db.read() as connection:
        html = lineage_html(connection, read_place({"sample": str(outcome(db, "fixed", "test"))}), project_of(db))
    assert html.count("only measured: nothing is diagnosed or chosen for it") == 2


def test_what_broke_has_no_hits_and_what_is_open_leads_to_its_review(db: Database) -> None:
    with db.read() as connection:
        html = lineage_html(connection, read_place({"sample": str(outcome(db, "broken"))}), project_of(db))
    assert "nothing was asked for" in html
    assert "none yet" in html
    assert "tab=review" in html


def test_a_random_selection_was_made_for_no_error(db: Database) -> None:
    made = make_selection(db, LOOP, budget=3, round_number=0, arm="random")
    with db.read() as connection:
        html = lineage_html(connection, read_place({"training": str(made.hits[0].sample)}), project_of(db))
    assert "drawn at random: for no error" in html


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"sample": "99999"}, "There is no sample 99999"),
        ({"training": "99999"}, "There is no sample 99999"),
        ({"training": "1"}, "is no training sample"),
        ({"sample": "121"}, "is not one of"),
    ],
)
def test_a_sample_that_has_no_lineage_is_said_so_with_a_way_back(
    db: Database, asked: dict[str, str], sentence: str
) -> None:
    with db.read() as connection:
        html = lineage_html(connection, read_place(asked), project_of(db))
    assert sentence in html
    assert "Close" in html


def test_a_project_sees_no_other_projects_selections(db: Database) -> None:
    with db.write() as connection:
        other = store.create_project(connection, "other", student="s", teacher="t", settings=project_of(db).settings)
        lesson = next(store.support_samples(connection, "lessons")).id
        assert trace_training(connection, other, lesson).uses == ()
        with pytest.raises(UserError, match="not one of 'other'"):
            trace_error(connection, other, outcome(db, "fixed"))


def test_nothing_is_shown_where_no_sample_is_named(db: Database) -> None:
    with db.read() as connection:
        assert lineage_html(connection, Place(project=LOOP), project_of(db)) == ""
