"""Projects, their settings and their rounds."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from core.types import EndpointSettings, Hit, Settings, TuningSettings
from storage import store
from tests.storage.world import a_project, a_round, a_selection


def test_a_project_comes_back_as_it_was_saved_with_round_0_open(connection: Connection) -> None:
    endpoint = EndpointSettings(prices=(("m@http://h/v1", 0.1, 1 / 3),), spend_cap=2.5, votes=3)
    tuning = TuningSettings(epochs=1 / 3)
    settings = Settings(prior=0.1 + 0.2, prompts={"student": "{question} «ü»"}, tuning=tuning, endpoint=endpoint)
    made = store.create_project(connection, " demo ", student="s", teacher="t", settings=settings)
    found = store.project_named(connection, "demo")
    assert found == made == store.project_of(connection, made.id)
    assert found.settings == settings
    (base,) = store.rounds_of(connection, found.id)
    assert (base.number, base.run, base.adapter) == (0, None, None)


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
    base, (sample,), _ = a_round(connection, validation=1)
    hit = Hit(sample=sample, skill="adding", score=1.5, terms=("adding",))
    chosen = store.save_selection(connection, a_selection(base, [hit])).id
    run = store.create_run(connection, project=1, selection=chosen, from_round=base, settings=TuningSettings())
    store.finish_run(connection, run.id, "run-1/adapter")
    opened = store.open_round(connection, 1, run=run.id)
    assert (opened.number, opened.run, opened.adapter) == (1, run.id, "run-1/adapter")
    assert store.open_round(connection, 1, run=run.id) == opened
    assert store.rounds_of(connection, 1) == [store.round_of(connection, base), opened]
    assert store.round_of(connection, opened.id) == opened
    with pytest.raises(UserError, match="no round 99"):
        store.round_of(connection, 99)
