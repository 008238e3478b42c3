"""Trials: one per base, setup, arm, budget and seed, and in no list that users see."""

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from core.types import Evidence, Hit, Trial, TuningSettings
from storage import store
from storage.store import Run
from tests.storage.world import a_prediction, a_round_of_errors, a_selection


def begun(connection: Connection, base: int, **more: object) -> Trial:
    of = {"project": 1, "base": base, "setup": "a", "arm": "targeted", "budget": 2, "seed": 0}
    return store.begin_trial(connection, Trial(**of | more))


def a_run(connection: Connection, base: int, samples: list[int]) -> Run:
    """A run on a selection of these samples."""
    chosen = a_selection(base, [Hit(sample=each, skill="adding", score=1.0, terms=()) for each in samples])
    made = store.save_selection(connection, chosen).id
    return store.create_run(connection, project=1, selection=made, from_round=base, settings=TuningSettings())


def test_a_trial_begun_again_is_the_same_one(connection: Connection) -> None:
    base, _ = a_round_of_errors(connection, 3)
    first = begun(connection, base)
    others = [begun(connection, base, **{name: value}) for name, value in
              (("setup", "b"), ("arm", "random"), ("budget", 3), ("seed", 1))]  # fmt: skip
    assert begun(connection, base) == first
    assert len({each.id for each in (first, *others)}) == 5
    assert store.trials_of(connection, base) == [first, *others]
    assert store.trials_of(connection, base, "b") == [others[0]]
    with pytest.raises(UserError, match="no trial 99"):
        store.advance_trial(connection, 99, run=1)


def test_what_a_trial_made_is_found_in_it_and_in_no_list_that_people_are_shown(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    trial, run = begun(connection, base), a_run(connection, base, ids[:2])
    before = store.rounds_of(connection, 1)
    found = store.advance_trial(connection, trial.id, selection=run.selection, run=run.id)
    opened = store.open_round(connection, 1, run=run.id)
    assert (found.selection, found.run, found.chosen) == (run.selection, run.id, 2)
    assert opened.number == -trial.id
    assert store.open_round(connection, 1, run=run.id) == opened
    assert store.trials_of(connection, base)[0].round == opened.id
    assert store.selections_of(connection, 1) == store.runs_of(connection, 1) == []
    assert store.rounds_of(connection, 1) == before
    shown = a_run(connection, base, ids)
    assert store.open_round(connection, 1, run=shown.id).number == 1
    assert [each.id for each in store.runs_of(connection, 1)] == [shown.id]
    tests = [each.id for each in store.samples_of(connection, project=1, role="test")]
    store.save_predictions(connection, [a_prediction(opened.id, sample, correct=True) for sample in tests])
    assert set(store.prediction_scores(connection, opened.id, "test").values()) == {1}


def test_what_a_teacher_said_once_is_kept(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)

    def said(sample: int, value: object) -> Evidence:
        return Evidence(round=base, teacher="t", method="prompt_per_step", variant="", sample=sample, value=value)

    store.save_evidence(connection, [said(ids[0], [0.1, 0.9]), said(ids[1], [0.5])])
    store.save_evidence(connection, [said(ids[0], [0.0]), said(ids[2], "x")])
    store.save_evidence(connection, [])
    found = store.evidence_of(connection, base, "t", "prompt_per_step", "")
    assert found == {ids[0]: [0.1, 0.9], ids[1]: [0.5], ids[2]: "x"}
    assert store.evidence_of(connection, base, "t", "prompt_per_step", "other") == {}
