"""Projects, their settings and their rounds."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from core.types import Hit, Selection, Settings, TuningSettings
from storage import store
from storage.database import Database
from tests.storage.world import a_project


def test_a_project_comes_back_as_it_was_saved_with_round_0_open(db: Database) -> None:
    settings = Settings(prior=0.1 + 0.2, prompts={"student": "{question} «ü»"}, tuning=TuningSettings(epochs=1 / 3))
    with db.write() as connection:
        made = store.create_project(connection, " demo ", student="s", teacher="t", settings=settings)
    with db.read() as connection:
        found = store.project_named(connection, "demo")
        assert found == made == store.project_of(connection, made.id)
        assert found.settings == settings
        assert [(each.number, each.run, each.adapter) for each in store.rounds_of(connection, found.id)] == [
            (0, None, None)
        ]


def test_settings_are_replaced_whole(connection: Connection) -> None:
    project = a_project(connection)
    changed = replace(project.settings, delta=0.25, lam=3)
    store.save_settings(connection, project.id, changed)
    assert store.project_of(connection, project.id).settings == changed
    with pytest.raises(UserError, match="no project 99"):
        store.save_settings(connection, 99, changed)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_project_needs_a_name_of_reasonable_length(connection: Connection, name: str) -> None:
    with pytest.raises(UserError, match="1 to 100 characters"):
        a_project(connection, name)


def test_a_name_is_taken_once(connection: Connection) -> None:
    a_project(connection)
    with pytest.raises(UserError, match="already: choose another name"):
        a_project(connection, "demo ")


def test_an_unknown_project_is_answered_with_the_known_ones(connection: Connection) -> None:
    with pytest.raises(UserError, match="create one first"):
        store.project_named(connection, "demo")
    for name in ("demo", "maps", *(f"other {number}" for number in range(9))):
        a_project(connection, name)
    with pytest.raises(UserError, match="no project 'dmeo': choose one of 'demo'"):
        store.project_named(connection, "dmeo")
    with pytest.raises(UserError, match="and 6 more"):
        store.project_named(connection, "zzz")


def test_a_finished_run_opens_one_round_however_often_it_is_asked(connection: Connection) -> None:
    project = a_project(connection, validation=1)
    base = store.rounds_of(connection, project.id)[0]
    sample = next(store.samples_of(connection, project=project.id, role="validation"))
    hit = Hit(sample=sample.id, skill="adding", score=1.5, terms=("adding",))
    wanted = Selection(
        project=project.id, round=base.id, support="flan", budget=1, seed=0, demands=(), hits=(hit,), leaked=0
    )
    selection = store.save_selection(connection, wanted)
    tuning = TuningSettings()
    run = store.create_run(connection, project=project.id, selection=selection.id, from_round=base.id, settings=tuning)
    store.finish_run(connection, run.id, "run-1/adapter")
    opened = store.open_round(connection, project.id, run=run.id)
    assert (opened.number, opened.run, opened.adapter) == (1, run.id, "run-1/adapter")
    assert store.open_round(connection, project.id, run=run.id) == opened
    assert store.rounds_of(connection, project.id) == [base, opened]
    assert store.round_of(connection, opened.id) == opened
    with pytest.raises(UserError, match="no round 99"):
        store.round_of(connection, 99)
