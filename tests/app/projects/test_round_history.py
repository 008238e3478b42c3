"""The round history: origin, accuracy with interval, errors, and skills closed and opened."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from app.projects.configuration import create_project
from app.projects.round_history import round_lines
from app.web.page.place import Place
from app.web.tabs.data.rounds import rounds_html
from core.evaluation.comparison import accuracy_interval
from storage import store
from storage.database import Database
from tests.projects.finished_loop import finish_loop
from tests.storage.world import a_review


def reworded(connection: Connection, at: int, *skills: str) -> None:
    """A reviewer rewords the skills of a round's first errors."""
    wrong = [key for key, right in store.correct_predictions(connection, at, "validation").items() if not right]
    for key, skill in zip(wrong, skills, strict=False):
        store.add_review(connection, replace(a_review(at, key, "edited"), skill=skill))


def test_a_line_says_what_a_round_came_from_and_what_it_changed(db: Database) -> None:
    name = finish_loop(db)
    with db.read() as connection:
        first, second = round_lines(connection, store.project_named(connection, name))
    assert (first.number, first.came_from, first.closed, first.opened) == (0, None, None, None)
    assert (second.number, second.came_from, second.run, second.start) == (1, 0, 1, "base")
    # Sums were mended, maps broke, colours stayed as they were: 30 of 60 were wrong before.
    assert first.errors == 30
    assert second.errors == 30
    assert second.closed == ("adding two digits",)
    assert second.opened == ()
    assert second.accuracy["test"] == accuracy_interval([1.0] * 30 + [0.0] * 30)
    assert not first.adopted


def test_skills_are_not_compared_before_both_rounds_are_diagnosed(db: Database) -> None:
    name = finish_loop(db, diagnose_after=False)
    with db.read() as connection:
        second = round_lines(connection, store.project_named(connection, name))[1]
    assert (second.closed, second.opened) == (None, None)


def test_a_skill_that_is_written_otherwise_is_the_same_and_a_new_one_is_opened(db: Database) -> None:
    name = finish_loop(db)
    with db.write() as connection:
        project = store.project_named(connection, name)
        opened = store.rounds_of(connection, project.id)[1].id
        reworded(connection, opened, "Adding  two Digits", "counting apples")
        second = round_lines(connection, project)[1]
    assert second.closed == ()
    assert second.opened == ("counting apples",)


def test_the_line_is_drawn_and_everything_in_it_is_escaped(db: Database) -> None:
    name = finish_loop(db)
    with db.write() as connection:
        reworded(connection, store.rounds_of(connection, 1)[1].id, "<script>alert(1)</script>")
    html = rounds_html(db, Place(project=name, round=1))
    assert "Accuracy on the test set, round by round, with 95 % intervals" in html
    assert html.count("<circle") == 2
    assert html.count('class="edge"') == 1
    assert 'aria-label="round 0: 50.0 %; round 1: ' in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert ">Run 1</a>" in html
    assert "errors of round 0; from the base" in html


@pytest.mark.parametrize("project", ["", "empty"])
def test_nothing_is_shown_before_a_second_round(db: Database, project: str) -> None:
    if project:
        create_project(db, project, student="s", teacher="t")
    assert rounds_html(db, Place(project=project, round=0)) == ""
