"""The steps of a batch: its answers are saved and counted once, its other requests are open again."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.types import BatchRequest, Spent
from storage import store
from storage.copy_database import copy_database
from storage.database import Database
from tests.storage.world import a_project


def begun(connection: Connection, keys: list[str], *, token: str = "t", project: int = 1) -> BatchRequest:
    if not store.list_projects(connection):
        a_project(connection)
    batch = BatchRequest(
        project=project,
        support="flan",
        by="sample",
        model="m",
        url="http://h/v1",
        token=token,
        requests=len(keys),
        tokens_in=10 * len(keys),
        tokens_out=len(keys),
    )
    return store.begin_batch(connection, batch, keys)


def test_a_batch_is_under_way_until_it_is_collected(connection: Connection) -> None:
    batch = begun(connection, ["a", "b"])
    assert batch.id
    assert (batch.state, batch.collected) == ("uploading", None)
    assert store.batches_under_way(connection) == [batch]
    moved = store.advance_batch(connection, batch.id, state="in_progress", remote="b1", done=1)
    assert replace(moved, moved=batch.moved) == replace(batch, state="in_progress", remote="b1", done=1)
    assert moved.moved > batch.moved
    assert store.advance_batch(connection, batch.id, state="in_progress", done=2).moved == moved.moved
    assert store.spending_under_way(connection, 1) == [
        Spent(model="m", requests=2, tokens_in=20, tokens_out=2, batch_in=20, batch_out=2)
    ]
    store.finish_batch(connection, batch.id)
    assert store.batches_under_way(connection) == store.spending_under_way(connection, 1) == []
    late = store.advance_batch(connection, batch.id, state="failed")
    assert (late.state, late.collected is None) == ("in_progress", False), "what is collected changes no more"
    assert store.batches_of(connection, 1) == [late]


def test_an_answer_is_kept_and_counted_once_and_only_where_its_request_waits(connection: Connection) -> None:
    first, second = begun(connection, ["a", "b"]), begun(connection, ["c"], token="u")
    answers = {"a": ("{}", 7, 2), "c": ("{}", 7, 2), "x": ("{}", 7, 2)}
    assert [store.save_answers(connection, first, answers) for _ in range(2)] == [1, 0]
    assert store.replies_of(connection, ["a", "c", "x"]) == {"a": "{}"}
    assert store.requests_in_batches(connection, ["a", "b", "c"]).keys() == {"b", "c"}
    assert store.save_answers(connection, second, answers) == 1
    assert store.spending_of(connection, 1) == [
        Spent(model="m", requests=2, tokens_in=14, tokens_out=4, batch_in=14, batch_out=4)
    ]


def test_what_came_back_without_an_answer_is_missing_again_and_knows_how_often(connection: Connection) -> None:
    first = begun(connection, ["a", "b"])
    store.save_refusals(connection, first, {"a": ("no luck", 1), "x": ("of no batch", 1)})
    store.release_requests(connection, first.id, tries=1, error="late")
    found = store.requests_in_batches(connection, ["a", "b", "x"])
    assert {key: (each.batch, each.tries, each.error) for key, each in found.items()} == {
        "a": (None, 1, "no luck"),
        "b": (None, 1, "late"),
    }
    second = begun(connection, ["a"], token="u")
    assert store.requests_in_batches(connection, ["a"])["a"].batch == second.id
    assert store.save_answers(connection, first, {"a": ("{}", 1, 1)}) == 0, (
        "an answer of the batch before comes too late"
    )
    store.save_refusals(connection, second, {"a": ("again", 1)})
    assert store.requests_in_batches(connection, ["a"])["a"].tries == 2


def test_a_batch_that_never_came_to_be_leaves_its_requests_untried(connection: Connection) -> None:
    store.drop_batch(connection, begun(connection, ["a"]).id)
    assert store.batches_of(connection, 1) == []
    found = store.requests_in_batches(connection, ["a"])["a"]
    assert (found.batch, found.tries) == (None, 0)


def test_two_batches_never_carry_the_same_token(connection: Connection) -> None:
    begun(connection, ["a"])
    with pytest.raises(IntegrityError):
        begun(connection, ["b"])


def test_a_copy_of_one_project_holds_its_batches_alone(db: Database, tmp_path: Path) -> None:
    with db.write() as connection:
        own = begun(connection, ["a", "b"])
        store.save_refusals(connection, own, {"b": ("no luck", 1)})
        begun(connection, ["c"], token="u", project=a_project(connection, "other").id)
        name = store.project_of(connection, own.project).name
    copy_database(db.data, tmp_path / "copy.db", project=name, on_progress=lambda *_: None)
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT token FROM batches").fetchall() == [("t",)]
        assert copy.execute("SELECT key FROM batched_requests ORDER BY key").fetchall() == [("a",), ("b",)]
