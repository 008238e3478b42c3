"""Adoptions are append-only, and the newest counts."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from storage import store
from storage.tables import adoptions
from tests.storage.world import a_project, an_adoption


def test_the_newest_adoption_of_a_project_counts(connection: Connection) -> None:
    mine, other = a_project(connection), a_project(connection, "other")
    base = store.rounds_of(connection, mine.id)[0].id
    later = store.open_round(connection, mine.id, run=None).id
    assert store.adopted_round_id(connection, mine.id) is None
    failed = {"against": base, "role": "test", "passed": False, "reason": "the maps were drawn wrongly"}
    first = store.save_adoption(connection, an_adoption(mine.id, later, **failed))
    assert replace(first, id=0, created="") == an_adoption(mine.id, later, **failed)
    assert store.adopted_round_id(connection, mine.id) == later
    second = store.save_adoption(connection, an_adoption(mine.id, base))
    assert store.adopted_round_id(connection, mine.id) == base
    assert store.adoptions_of(connection, mine.id) == [second, first]
    assert (store.adopted_round_id(connection, other.id), store.adoptions_of(connection, other.id)) == (None, [])


@pytest.mark.parametrize("statement", [update(adoptions).values(reason="other"), delete(adoptions)])
def test_the_database_refuses_to_change_an_adoption(connection: Connection, statement: object) -> None:
    project = a_project(connection)
    store.save_adoption(connection, an_adoption(project.id, store.rounds_of(connection, project.id)[0].id))
    with pytest.raises(IntegrityError, match="adoptions are append-only"):
        connection.execute(statement)
