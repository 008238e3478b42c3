"""What the status says of answers that could not be read."""

from app.projects.status import next_step, project_status
from storage import store
from storage.database import Database
from tests.storage.world import a_prediction, a_round, a_round_of_errors


def test_unclear_answers_are_counted_apart_and_listed(db: Database) -> None:
    with db.write() as connection:
        base, ids = a_round_of_errors(connection, 7, undiagnosed=4, unclear=3)
    (shown,) = project_status(db, "demo")["rounds"]
    assert (shown["wrong"], shown["unclear"], shown["diagnosed"]) == (7, 3, 3)
    with db.read() as connection:
        asked = store.CaseFilters(status="unclear")
        assert [each.sample.id for each in store.cases_page(connection, base, filters=asked, limit=9)] == ids[4:]
        assert store.facet_counts(connection, base).status["unclear"] == 3


def test_errors_that_cannot_be_diagnosed_are_told_apart(db: Database) -> None:
    with db.write() as connection:
        (base, (first, second), _) = a_round(connection, "demo", validation=2, test=0)
        store.save_predictions(connection, [a_prediction(base, first, answer=None)])
        bare = a_prediction(base, second)
        store.save_predictions(connection, [type(bare)(**{**vars(bare), "steps": ()})])
    sentence = next_step(db, "demo").sentence
    assert sentence.startswith("Of the 2 wrong answers 1 could not be read and the others come without steps")
