"""Predictions and their scores; gold is kept apart."""

from dataclasses import replace
from pathlib import Path

from core.types import Role
from storage import store
from storage.database import Database
from tests.storage.world import a_prediction, a_project, a_review, a_round_of_errors

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_missing_are_the_samples_without_a_prediction(db: Database) -> None:
    with db.write() as c:
        project = a_project(c, validation=4, test=2)
        base = store.rounds_of(c, project.id)[0].id
        samples = store.missing_predictions(c, base, "validation")
        assert samples == list(store.samples_of(c, project=project.id, role="validation"))
        first = [a_prediction(base, sample.id, correct=sample.id % 2 == 0) for sample in samples[:3]]
        assert store.save_predictions(c, first) == 3
        assert store.missing_predictions(c, base, "validation") == samples[3:]
        assert len(store.missing_predictions(c, base, "test")) == 2
        assert store.predictions_of(c, base, "validation") == first
        assert store.predictions_of(c, base, "test") == []


def test_saving_predictions_again_changes_nothing(db: Database) -> None:
    with db.write() as c:
        project = a_project(c, validation=1)
        base = store.rounds_of(c, project.id)[0].id
        sample = store.missing_predictions(c, base, "validation")[0].id
        unread = replace(a_prediction(base, sample, answer=None), span=None, steps=())
        assert store.save_predictions(c, [unread]) == 1
        assert store.save_predictions(c, [a_prediction(base, sample, correct=True)]) == 0
        assert store.save_predictions(c, []) == 0
        assert store.prediction(c, base, sample) == unread
        assert store.prediction(c, base, sample + 1) is None


def test_reviews_change_the_score_and_nothing_else(db: Database) -> None:
    with db.write() as c:
        base, ids = a_round_of_errors(c, 5)
        before = store.predictions_of(c, base, "validation")
        assert store.correctness(c, base, "validation") == dict.fromkeys(ids, False)
        store.add_review(c, a_review(base, ids[0], "misread", answer="9"), correct=True)
        store.add_review(c, a_review(base, ids[1], "misread", answer="8"), correct=False)
        store.add_review(c, a_review(base, ids[2], "label_wrong"))
        store.add_review(c, a_review(base, ids[3], "label_wrong"))
        store.add_review(c, a_review(base, ids[3], "rejected"))
        expected = {ids[0]: True, ids[1]: False, ids[3]: False, ids[4]: False}
        assert store.correctness(c, base, "validation") == expected
        store.undo(c, base, ids[0], "Ada")
        store.undo(c, base, ids[2], "Ada")
        assert store.correctness(c, base, "validation") == dict.fromkeys(ids, False)
        assert store.predictions_of(c, base, "validation") == before
        assert len(store.correctness(c, base, "test")) == 3


def test_scores_are_shares_where_predictions_or_corrected_readings_have_one(db: Database) -> None:
    with db.write() as c:
        project = a_project(c, validation=4)
        base = store.rounds_of(c, project.id)[0].id
        ids = [sample.id for sample in store.missing_predictions(c, base, "validation")]
        made = [a_prediction(base, sample, correct=place < 2) for place, sample in enumerate(ids)]
        store.save_predictions(c, [replace(made[0], score=0.6), made[1], replace(made[2], score=0.3), made[3]])
        assert store.scores(c, base, "validation") == dict(zip(ids, (0.6, 1, 0.3, 0), strict=True))
        store.add_review(c, a_review(base, ids[2], "misread", answer="red"), True, 0.9)
        store.add_review(c, a_review(base, ids[3], "misread", answer="9"), True)
        store.add_review(c, a_review(base, ids[0], "label_wrong"))
        assert store.scores(c, base, "validation") == dict(zip(ids[1:], (1, 0.9, 1), strict=True))
        store.undo(c, base, ids[2], "Ada")
        assert store.scores(c, base, "validation")[ids[2]] == 0.3
        store.redo(c, base, ids[2], "Ada")
        assert store.scores(c, base, "validation")[ids[2]] == 0.9
        assert store.correctness(c, base, "validation")[ids[2]]
        case = store.case_of(c, base, ids[2])
        assert case is not None
        bulk = store.add_reviews(c, [(case, a_review(base, ids[2], "rejected"))])
        assert store.scores(c, base, "validation")[ids[2]] == 0.3
        assert bulk is not None
        store.undo_bulk(c, bulk, "Ada")
        assert store.scores(c, base, "validation")[ids[2]] == 0.9


def test_without_shares_scores_are_the_verdicts(db: Database) -> None:
    with db.write() as c:
        base, ids = a_round_of_errors(c, 3)
        store.add_review(c, a_review(base, ids[1], "misread", answer="9"), correct=True)
        assert store.scores(c, base, "validation") == store.correctness(c, base, "validation")
        assert all(isinstance(score, int) for score in store.scores(c, base, "validation").values())


def test_a_wrong_label_leaves_the_sample_out_of_every_round(db: Database) -> None:
    with db.write() as c:
        base, ids = a_round_of_errors(c, 3)
        later = store.open_round(c, store.round_of(c, base).project, run=None).id
        store.save_predictions(c, [a_prediction(later, sample, correct=True) for sample in ids])
        store.add_review(c, a_review(base, ids[1], "label_wrong"))
        store.add_review(c, a_review(base, ids[2], "misread", answer="9"), correct=True)
        assert store.correctness(c, later, "validation") == {ids[0]: True, ids[2]: True}
        assert store.correctness(c, base, "validation") == {ids[0]: False, ids[2]: True}


def test_projects_do_not_see_each_other(db: Database) -> None:
    with db.write() as c:
        one, _ = a_round_of_errors(c, 3, name="one")
        two, ids = a_round_of_errors(c, 2, name="two")
        roles: tuple[Role, ...] = ("validation", "test")
        assert [len(store.correctness(c, at, role)) for at in (one, two) for role in roles] == [3, 3, 2, 3]
        assert sorted(store.correctness(c, two, "validation")) == ids


def test_gold_is_kept_and_never_replaced(db: Database) -> None:
    with db.write() as c:
        base, ids = a_round_of_errors(c, 3)
        store.save_gold(c, base, [(ids[0], 2), (ids[1], None)])
        store.save_gold(c, base, [(ids[0], 1)])
        store.save_gold(c, base, [])
        assert store.gold_of(c, base) == {ids[0]: 2, ids[1]: None}


def test_only_the_functions_for_gold_read_it() -> None:
    users = [path.name for path in (ROOT / "storage").rglob("*.py") if "gold" in path.read_text()]
    assert sorted(users) == ["0001_first.py", "__init__.py", "predictions.py", "tables.py"]
