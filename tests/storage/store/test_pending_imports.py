"""Pending imports, one per reviewer and project, and tries, one per model."""

from sqlalchemy import Connection

from storage import store
from tests.storage.world import a_project, a_round_of_errors


def test_a_reviewer_has_one_import_waiting_in_a_project_and_one_outside(connection: Connection) -> None:
    project = a_project(connection).id
    first = store.begin_pending_import(connection, project, "Ada", request={"path": "a"}, file="a.csv", upload="")
    second = store.begin_pending_import(connection, project, "Ada", request={"path": "b"}, file="b.csv", upload="u")
    outside = store.begin_pending_import(connection, None, "Ada", request={"path": "c"}, file="c.csv", upload="")
    assert store.pending_import_of(connection, project, "Ada") == second
    assert store.pending_import_of(connection, None, "Ada") == outside
    assert store.pending_import_of(connection, project, "Bob") is None
    assert store.pending_imports(connection) == [second, outside]
    assert not store.update_pending_import(connection, first.id, seen=3)


def test_what_was_found_is_kept_until_the_import_is_dropped(connection: Connection) -> None:
    made = store.begin_pending_import(connection, None, "Ada", request={}, file="a.csv", upload="")
    assert store.update_pending_import(connection, made.id, seen=7, report={"found": 7})
    kept = store.pending_import_of(connection, None, "Ada")
    assert kept is not None
    assert (kept.seen, kept.report) == (7, {"found": 7})
    assert store.drop_pending_import(connection, made.id)
    assert not store.drop_pending_import(connection, made.id)
    assert store.begin_pending_import(connection, None, "Ada", request={}, file="b.csv", upload="").id > made.id


def test_a_new_try_of_a_model_takes_the_place_of_the_one_before(connection: Connection) -> None:
    _, ids = a_round_of_errors(connection, 2)
    for sample in ids:
        store.save_model_try(connection, 1, "student", sample=sample, model="s", result={"reply": str(sample)})
    store.save_model_try(connection, 1, "teacher", sample=ids[0], model="t", result={})
    found = store.model_tries_of(connection, 1)
    assert {who: each.sample for who, each in found.items()} == {"student": ids[1], "teacher": ids[0]}
    assert found["student"].result == {"reply": str(ids[1])}


def test_categories_are_counted_the_largest_first(connection: Connection) -> None:
    a_round_of_errors(connection, 5)
    found = store.category_counts(connection, project=1, role="validation")
    assert sum(found.values()) == 5
    assert list(found.values()) == sorted(found.values(), reverse=True)
