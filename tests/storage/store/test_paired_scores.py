"""Pairs of answers of two rounds have the scores of the single rounds."""

import random

from sqlalchemy import Connection

from core.types import Role
from storage import store
from tests.storage.world import a_prediction, a_review, a_round


def test_pairs_agree_with_what_each_round_scores_under_its_verdicts(connection: Connection) -> None:
    rng = random.Random(0)
    first, ids, tests = a_round(connection, validation=40, test=10)
    second = store.open_round(connection, 1, run=None).id
    for sample in (*ids, *tests):
        for at in (first, second):
            if rng.random() < 0.9:
                store.save_predictions(connection, [a_prediction(at, sample, correct=rng.random() < 0.5)])
                _say_something(connection, at, sample, rng)
    roles: tuple[Role, ...] = ("validation", "test")
    for role in roles:
        pairs = store.score_pairs_of(connection, first, second, role)
        right = [store.correct_predictions(connection, at, role) for at in (first, second)]
        scores = [store.prediction_scores(connection, at, role) for at in (first, second)]
        both = sorted(right[0].keys() & right[1].keys())
        assert [pair.sample for pair in pairs] == both
        assert [(p.right_before, p.right_after) for p in pairs] == [(right[0][k], right[1][k]) for k in both]
        assert [(p.score_before, p.score_after) for p in pairs] == [(scores[0][k], scores[1][k]) for k in both]
        known = store.samples_by_id(connection, both)
        assert [pair.category for pair in pairs] == [known[key].category for key in both]


def _say_something(connection: Connection, at: int, sample: int, rng: random.Random) -> None:
    verdict = rng.choice(["", "", "rejected", "misread", "label_wrong", "undone"])
    if verdict == "misread":
        store.add_review(connection, a_review(at, sample, "misread", answer="9"), rng.random() < 0.5, 0.3)
    elif verdict == "undone":
        store.add_review(connection, a_review(at, sample, "label_wrong"))
        store.undo_review(connection, at, sample, "Ada")
    elif verdict:
        store.add_review(connection, a_review(at, sample, verdict))


def test_predictions_are_found_for_some_samples(connection: Connection) -> None:
    base, ids, _ = a_round(connection, validation=4)
    store.save_predictions(connection, [a_prediction(base, key) for key in ids[:3]])
    assert store.predictions_for(connection, base, [ids[0], ids[3]]) == {
        ids[0]: store.prediction_of(connection, base, ids[0])
    }
