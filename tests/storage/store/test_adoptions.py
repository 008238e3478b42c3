"""Adoptions are appended, the newest counts, and none ever changes."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from storage import store
from storage.database import Database
from storage.tables import adoptions
from tests.storage.world import a_project, an_adoption


def test_the_newest_adoption_of_a_project_counts(db: Database) -> None:
    with db.write() as c:
        mine, other = a_project(c), a_project(c, "other")
        base = store.rounds_of(c, mine.id)[0].id
        later = store.open_round(c, mine.id, run=None).id
        assert store.adopted_round(c, mine.id) is None
        failed = {"against": base, "role": "test", "passed": False, "reason": "the maps were drawn wrongly"}
        first = store.save_adoption(c, an_adoption(mine.id, later, **failed))
        assert replace(first, id=0, created="") == an_adoption(mine.id, later, **failed)
        assert store.adopted_round(c, mine.id) == later
        second = store.save_adoption(c, an_adoption(mine.id, base))
        assert store.adopted_round(c, mine.id) == base
        assert store.adoptions_of(c, mine.id) == [second, first]
        assert (store.adopted_round(c, other.id), store.adoptions_of(c, other.id)) == (None, [])


@pytest.mark.parametrize("statement", [update(adoptions).values(reason="other"), delete(adoptions)])
def test_the_database_refuses_to_change_an_adoption(db: Database, statement: object) -> None:
    with db.write() as c:
        project = a_project(c)
        store.save_adoption(c, an_adoption(project.id, store.rounds_of(c, project.id)[0].id))
        with pytest.raises(IntegrityError, match="adoptions are append-only"):
            c.execute(statement)
