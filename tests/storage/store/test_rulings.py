"""Rulings are append-only, and the newest one on each sample or task is in force."""

import pytest
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from core.errors import UserError
from core.types import Ruling
from storage import store
from storage.tables import rulings
from tests.storage.world import a_project, a_sample, lessons


def test_the_newest_word_on_each_sample_and_task_stands(connection: Connection) -> None:
    a_project(connection)
    one, two = lessons(connection, map(a_sample, range(2)))
    said = [
        Ruling(skill="adding", act="pin", sample=one, reviewer="Ada"),
        Ruling(skill="reading", act="pin", sample=one, reviewer="Ada"),
        Ruling(skill="adding", act="remove", task="task 1", reviewer="Ben"),
        Ruling(skill="adding", act="remove", sample=one, reviewer="Ben"),
        Ruling(skill="adding", act="pin", sample=two, reviewer="Ada"),
        Ruling(skill="adding", act="clear", sample=two, reviewer="Ada"),
    ]
    kept = [store.add_ruling(connection, 1, each) for each in said]
    assert store.newest_ruling_id(connection, 1) == kept[-1].id
    assert store.rulings_of(connection, 1) == [kept[1], kept[2], kept[3]]
    assert store.rulings_of(connection, 1, {"reading"}) == [kept[1], kept[3]], "a removed sample is removed for all"
    assert store.standing_ruling(connection, 1, said[0]) == kept[3]
    assert store.standing_ruling(connection, 1, said[0], before=kept[3].id) == kept[0]
    assert store.standing_ruling(connection, 1, said[0], before=kept[0].id) is None
    assert store.ruling_of(connection, 1, kept[2].id) == kept[2]
    other = a_project(connection, "other").id
    assert store.rulings_of(connection, other) == []
    assert store.ruling_of(connection, other, kept[2].id) is None


def test_a_ruling_is_on_one_sample_or_one_task_of_a_named_skill(connection: Connection) -> None:
    a_project(connection)
    (one,) = lessons(connection, [a_sample(1)])
    for sample, task in ((None, None), (one, "task 1")):
        with pytest.raises(IntegrityError, match="on_one_or_a_task"):
            store.add_ruling(connection, 1, Ruling(skill="adding", act="pin", sample=sample, task=task))
    with pytest.raises(UserError, match="one skill"):
        store.add_ruling(connection, 1, Ruling(skill="", act="pin", sample=one))


@pytest.mark.parametrize("change", [update, delete])
def test_the_database_refuses_to_change_a_ruling(connection: Connection, change: object) -> None:
    a_project(connection)
    (one,) = lessons(connection, [a_sample(1)])
    store.add_ruling(connection, 1, Ruling(skill="adding", act="pin", sample=one))
    statement = update(rulings).values(act="remove") if change is update else delete(rulings)
    with pytest.raises(IntegrityError, match="rulings are append-only"):
        connection.execute(statement)
