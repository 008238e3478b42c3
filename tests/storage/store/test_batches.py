"""A batch goes its way step by step; what it answers is kept and counted once, what it does not is missing again."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from core.types import Batch, Spent
from storage import store
from storage.copy_database import copy_database
from storage.database import Database
from tests.storage.world import a_project


def begun(c: Connection, keys: list[str], *, token: str = "t", project: int = 1) -> Batch:
    if not store.list_projects(c):
        a_project(c)
    batch = Batch(
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
    return store.begin_batch(c, batch, keys)


def test_a_batch_is_under_way_until_it_is_collected(db: Database) -> None:
    with db.write() as c:
        batch = begun(c, ["a", "b"])
        assert batch.id
        assert (batch.state, batch.collected) == ("uploading", None)
        assert store.batches_under_way(c) == [batch]
        moved = store.advance_batch(c, batch.id, state="in_progress", remote="b1", done=1)
        assert replace(moved, moved=batch.moved) == replace(batch, state="in_progress", remote="b1", done=1)
        assert moved.moved > batch.moved
        assert store.advance_batch(c, batch.id, state="in_progress", done=2).moved == moved.moved
        assert store.spending_under_way(c, 1) == [
            Spent(model="m", requests=2, tokens_in=20, tokens_out=2, batch_in=20, batch_out=2)
        ]
        store.finish_batch(c, batch.id)
        assert store.batches_under_way(c) == store.spending_under_way(c, 1) == []
        late = store.advance_batch(c, batch.id, state="failed")
        assert (late.state, late.collected is None) == ("in_progress", False), "what is collected changes no more"
        assert store.batches_of(c, 1) == [late]


def test_an_answer_is_kept_and_counted_once_and_only_where_its_request_waits(db: Database) -> None:
    with db.write() as c:
        first, second = begun(c, ["a", "b"]), begun(c, ["c"], token="u")
        answers = {"a": ("{}", 7, 2), "c": ("{}", 7, 2), "x": ("{}", 7, 2)}
        assert [store.take_answers(c, first, answers) for _ in range(2)] == [1, 0]
        assert store.replies_of(c, ["a", "c", "x"]) == {"a": "{}"}
        assert store.requests_in_batches(c, ["a", "b", "c"]).keys() == {"b", "c"}
        assert store.take_answers(c, second, answers) == 1
        assert store.spending_of(c, 1) == [
            Spent(model="m", requests=2, tokens_in=14, tokens_out=4, batch_in=14, batch_out=4)
        ]


def test_what_came_back_without_an_answer_is_missing_again_and_knows_how_often(db: Database) -> None:
    with db.write() as c:
        first = begun(c, ["a", "b"])
        store.take_refusals(c, first, {"a": ("no luck", 1), "x": ("of no batch", 1)})
        store.release_requests(c, first.id, tries=1, error="late")
        found = store.requests_in_batches(c, ["a", "b", "x"])
        assert {key: (each.batch, each.tries, each.error) for key, each in found.items()} == {
            "a": (None, 1, "no luck"),
            "b": (None, 1, "late"),
        }
        second = begun(c, ["a"], token="u")
        assert store.requests_in_batches(c, ["a"])["a"].batch == second.id
        assert store.take_answers(c, first, {"a": ("{}", 1, 1)}) == 0, "an answer of the batch before comes too late"
        store.take_refusals(c, second, {"a": ("again", 1)})
        assert store.requests_in_batches(c, ["a"])["a"].tries == 2


def test_a_batch_that_never_came_to_be_leaves_its_requests_untried(db: Database) -> None:
    with db.write() as c:
        store.drop_batch(c, begun(c, ["a"]).id)
        assert store.batches_of(c, 1) == []
        found = store.requests_in_batches(c, ["a"])["a"]
        assert (found.batch, found.tries) == (None, 0)


def test_two_batches_never_carry_the_same_token(db: Database) -> None:
    with db.write() as c:
        begun(c, ["a"])
        with pytest.raises(IntegrityError):
            begun(c, ["b"])


def test_a_copy_of_one_project_holds_its_batches_alone(db: Database, tmp_path: Path) -> None:
    with db.write() as c:
        own = begun(c, ["a", "b"])
        store.take_refusals(c, own, {"b": ("no luck", 1)})
        begun(c, ["c"], token="u", project=a_project(c, "other").id)
        name = store.project(c, own.project).name
    copy_database(db.data, tmp_path / "copy.db", project=name, watch=lambda *_: None)
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT token FROM batches").fetchall() == [("t",)]
        assert copy.execute("SELECT key FROM batched_requests ORDER BY key").fetchall() == [("a",), ("b",)]
