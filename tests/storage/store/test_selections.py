"""Selections, which never change, and the runs and updates made from them."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from core.errors import UserError
from core.types import (
    Composition,
    Hit,
    Leak,
    Overlap,
    Ruling,
    Selection,
    SkillDemand,
    SkillShare,
    TuningSettings,
)
from storage import store
from storage.store import Run
from storage.tables import hits, leaks, selections
from tests.storage.world import AN_ESTIMATE, a_round_of_errors, a_sample, a_selection, an_update, lessons


def wanted(connection: Connection) -> Selection:
    base, asked = a_round_of_errors(connection, 2)
    chosen = [
        Hit(sample=sample, skill="adding", score=1 / (3 + place), terms=("adding", "two"))
        for place, sample in enumerate(lessons(connection, map(a_sample, range(5))))
    ]
    return a_selection(
        base,
        reversed(chosen),
        budget=10,
        seed=7,
        demands=(SkillDemand(skill="adding", errors=2), SkillDemand(skill="reading", errors=1)),
        leaked=1,
        rulings=(Ruling(id=4, skill="adding", act="pin", sample=chosen[0].sample, reviewer="Ada", created="then"),),
        leaks=(
            Leak(sample=chosen[1].sample, why="image", key="ab", measured=asked[0]),
            Leak(sample=chosen[1].sample, why="question", key="what", measured=asked[1]),
        ),
        make_up=Composition(
            skills=(SkillShare(skill="adding", errors=2, due=7, got=5, best=1 / 3, lacking=("up",), precision=0.5),),
            tasks=(("task 0", 3), ("task 1", 2)),
            overlaps=(Overlap(one="adding", other="reading", samples=2),),
        ),
    )


def a_run(connection: Connection, settings: TuningSettings) -> Run:
    chosen = store.save_selection(connection, wanted(connection))
    return store.create_run(connection, project=1, selection=chosen.id, from_round=chosen.round, settings=settings)


def test_a_selection_comes_back_with_its_hits_in_order(connection: Connection) -> None:
    asked = wanted(connection)
    saved = store.save_selection(connection, asked)
    assert replace(saved, id=0, created="") == asked
    assert store.selection_of(connection, saved.id) == saved
    assert store.composition_of(connection, saved.id) == asked.make_up
    assert tuple(store.leaks_of(connection, saved.id, limit=1)) == asked.leaks[:1]
    assert tuple(store.hits_page(connection, saved.id, after=1, limit=2)) == saved.hits[1:3]
    random = store.save_selection(connection, replace(asked, arm="random", hits=asked.hits[:1]))
    summaries = store.selections_of(connection, asked.project)
    assert [(each.id, each.arm, each.chosen) for each in summaries] == [
        (random.id, "random", 1),
        (saved.id, "targeted", 5),
    ]
    assert summaries[1].demands == asked.demands


def test_an_empty_or_unknown_selection_is_refused(connection: Connection) -> None:
    asked = wanted(connection)
    with pytest.raises(UserError, match="accept more skills"):
        store.save_selection(connection, replace(asked, hits=()))
    with pytest.raises(UserError, match="no selection 9"):
        store.selection_of(connection, 9)


@pytest.mark.parametrize("table", [selections, hits, leaks])
@pytest.mark.parametrize("change", [update, delete])
def test_the_database_refuses_to_change_a_selection(connection: Connection, table: object, change: object) -> None:
    store.save_selection(connection, wanted(connection))
    statement = change(table).values(**{table.c.keys()[0]: 5}) if change is update else change(table)
    with pytest.raises(IntegrityError, match="a selection never changes"):
        connection.execute(statement)


def test_a_run_keeps_its_settings_updates_and_adapter(connection: Connection) -> None:
    tuning = TuningSettings(rank=8, learning_rate=1e-4 / 3)
    run = a_run(connection, tuning)
    assert (run.settings, run.adapter) == (tuning, None)
    first = [an_update(run.id, number, loss=1 / number) for number in (1, 2, 3)]
    store.save_updates(connection, first)
    repeated = replace(first[2], samples_per_second=8.5)
    store.save_updates(connection, [repeated])
    store.save_updates(connection, [])
    assert store.updates_of(connection, run.id) == [*first[:2], repeated]
    store.finish_run(connection, run.id, "run-1/adapter")
    assert store.run_of(connection, run.id) == replace(run, adapter="run-1/adapter")
    assert store.runs_of(connection, 1) == [store.run_of(connection, run.id)]
    for ask in (lambda: store.run_of(connection, 9), lambda: store.finish_run(connection, 9, "x")):
        with pytest.raises(UserError, match="no tuning run 9"):
            ask()


def test_updates_beyond_a_checkpoint_are_forgotten(connection: Connection) -> None:
    run = a_run(connection, TuningSettings(start="base"))
    made = [an_update(run.id, number, memory=3 * 2**40, batch_size=4) for number in range(1, 6)]
    store.save_updates(connection, made)
    store.drop_updates(connection, run.id, after=3)
    assert store.updates_of(connection, run.id) == made[:3]


def test_a_selection_keeps_the_newest_estimate_of_what_a_run_would_take(connection: Connection) -> None:
    chosen = store.save_selection(connection, wanted(connection)).id
    assert store.tuning_estimate_of(connection, chosen) is None
    for settings in (TuningSettings(), TuningSettings(rank=7, projector_rate=1e-5, start="base")):
        store.save_tuning_estimate(connection, chosen, settings, AN_ESTIMATE)
        found = store.tuning_estimate_of(connection, chosen)
        assert found is not None
        assert (found.settings, found.estimate) == (settings, AN_ESTIMATE)


def test_the_ids_of_a_selection_come_in_the_order_chosen(connection: Connection) -> None:
    chosen = store.save_selection(connection, wanted(connection))
    assert list(store.selected_sample_ids(connection, chosen.id)) == [hit.sample for hit in chosen.hits]
    with pytest.raises(UserError, match="no selection 99"):
        store.selected_sample_ids(connection, 99)


def test_counts_say_how_far_each_round_is(connection: Connection) -> None:
    asked = wanted(connection)
    store.save_selection(connection, asked)
    (found,) = store.round_counts(connection, 1)
    assert (found.samples, found.predictions, found.wrong, found.diagnosed) == (2, 2, 2, 2)
    assert (found.reviewed, found.selected, found.test_samples, found.test_predictions) == (0, 5, 3, 3)
    store.open_round(connection, 1, run=None)
    first, second = store.round_counts(connection, 1)
    assert (first.number, first.samples, first.predictions, first.selected) == (0, 2, 2, 5)
    assert (second.number, second.samples, second.predictions, second.selected) == (1, 2, 0, 0)
