"""Predictions and their scores; gold steps are separate."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from core.types import Role
from storage import store
from tests.storage.world import a_prediction, a_review, a_round, a_round_of_errors

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_missing_are_the_samples_without_a_prediction(connection: Connection) -> None:
    base, ids, _ = a_round(connection, validation=4, test=2)
    samples = store.missing_predictions(connection, base, "validation")
    assert samples == [store.get_sample(connection, key) for key in ids]
    first = [a_prediction(base, sample.id, correct=sample.id % 2 == 0) for sample in samples[:3]]
    assert store.save_predictions(connection, first) == 3
    assert store.missing_predictions(connection, base, "validation") == samples[3:]
    assert len(store.missing_predictions(connection, base, "test")) == 2
    assert store.predictions_of(connection, base, "validation") == first
    assert store.predictions_of(connection, base, "test") == []


def test_saving_predictions_again_changes_nothing(connection: Connection) -> None:
    base, (sample,), _ = a_round(connection, validation=1)
    unread = replace(a_prediction(base, sample, answer=None), span=None, steps=())
    assert store.save_predictions(connection, [unread]) == 1
    assert store.save_predictions(connection, [a_prediction(base, sample, correct=True)]) == 0
    assert store.save_predictions(connection, []) == 0
    assert store.prediction_of(connection, base, sample) == unread
    assert store.prediction_of(connection, base, sample + 1) is None


def test_reviews_change_the_score_and_nothing_else(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 5)
    before = store.predictions_of(connection, base, "validation")
    assert store.correct_predictions(connection, base, "validation") == dict.fromkeys(ids, False)
    store.add_review(connection, a_review(base, ids[0], "misread", answer="9"), correct=True)
    store.add_review(connection, a_review(base, ids[1], "misread", answer="8"), correct=False)
    store.add_review(connection, a_review(base, ids[2], "label_wrong"))
    store.add_review(connection, a_review(base, ids[3], "label_wrong"))
    store.add_review(connection, a_review(base, ids[3], "rejected"))
    expected = {ids[0]: True, ids[1]: False, ids[3]: False, ids[4]: False}
    assert store.correct_predictions(connection, base, "validation") == expected
    store.undo_review(connection, base, ids[0], "Ada")
    store.undo_review(connection, base, ids[2], "Ada")
    assert store.correct_predictions(connection, base, "validation") == dict.fromkeys(ids, False)
    assert store.predictions_of(connection, base, "validation") == before
    assert len(store.correct_predictions(connection, base, "test")) == 3


def test_scores_are_shares_where_predictions_or_corrected_readings_have_one(connection: Connection) -> None:
    base, ids, _ = a_round(connection, validation=4)
    made = [a_prediction(base, sample, correct=place < 2) for place, sample in enumerate(ids)]
    store.save_predictions(connection, [replace(made[0], score=0.6), made[1], replace(made[2], score=0.3), made[3]])
    assert store.prediction_scores(connection, base, "validation") == dict(zip(ids, (0.6, 1, 0.3, 0), strict=True))
    store.add_review(connection, a_review(base, ids[2], "misread", answer="red"), True, 0.9)
    store.add_review(connection, a_review(base, ids[3], "misread", answer="9"), True)
    store.add_review(connection, a_review(base, ids[0], "label_wrong"))
    assert store.prediction_scores(connection, base, "validation") == dict(zip(ids[1:], (1, 0.9, 1), strict=True))
    store.undo_review(connection, base, ids[2], "Ada")
    assert store.prediction_scores(connection, base, "validation")[ids[2]] == 0.3
    store.redo_review(connection, base, ids[2], "Ada")
    assert store.prediction_scores(connection, base, "validation")[ids[2]] == 0.9
    assert store.correct_predictions(connection, base, "validation")[ids[2]]
    case = store.case_of(connection, base, ids[2])
    assert case is not None
    bulk = store.add_bulk_review(connection, [(case, a_review(base, ids[2], "rejected"))])
    assert store.prediction_scores(connection, base, "validation")[ids[2]] == 0.3
    assert bulk is not None
    store.undo_bulk_review(connection, bulk, "Ada")
    assert store.prediction_scores(connection, base, "validation")[ids[2]] == 0.9


def test_without_shares_scores_are_the_verdicts(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    store.add_review(connection, a_review(base, ids[1], "misread", answer="9"), correct=True)
    scores = store.prediction_scores(connection, base, "validation")
    assert scores == store.correct_predictions(connection, base, "validation")
    assert all(isinstance(score, int) for score in scores.values())


def test_a_wrong_label_leaves_the_sample_out_of_every_round(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    later = store.open_round(connection, store.round_of(connection, base).project, run=None).id
    store.save_predictions(connection, [a_prediction(later, sample, correct=True) for sample in ids])
    store.add_review(connection, a_review(base, ids[1], "label_wrong"))
    store.add_review(connection, a_review(base, ids[2], "misread", answer="9"), correct=True)
    assert store.correct_predictions(connection, later, "validation") == {ids[0]: True, ids[2]: True}
    assert store.correct_predictions(connection, base, "validation") == {ids[0]: False, ids[2]: True}


def test_projects_do_not_see_each_other(connection: Connection) -> None:
    one, _ = a_round_of_errors(connection, 3, name="one")
    two, ids = a_round_of_errors(connection, 2, name="two")
    roles: tuple[Role, ...] = ("validation", "test")
    counts = [len(store.correct_predictions(connection, at, role)) for at in (one, two) for role in roles]
    assert counts == [3, 3, 2, 3]
    assert sorted(store.correct_predictions(connection, two, "validation")) == ids


def test_gold_is_kept_and_never_replaced(connection: Connection) -> None:
    base, ids = a_round_of_errors(connection, 3)
    store.save_gold_steps(connection, base, [(ids[0], 2), (ids[1], None)])
    store.save_gold_steps(connection, base, [(ids[0], 1)])
    store.save_gold_steps(connection, base, [])
    assert store.gold_steps_of(connection, base) == {ids[0]: 2, ids[1]: None}


def test_only_the_functions_for_gold_read_it() -> None:
    storage = ROOT / "storage"
    users = [str(path.relative_to(storage)) for path in storage.rglob("*.py") if "gold" in path.read_text()]
    assert sorted(users) == [
        "migrations/versions/0001_first.py", "store/__init__.py", "store/older_readings.py", "store/predictions.py",
        "tables/__init__.py", "tables/diagnoses.py",
    ]  # fmt: skip
