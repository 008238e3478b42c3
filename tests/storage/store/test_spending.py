"""Replies are stored by key, and spending adds up by project and model."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from core.types import Spent
from storage import store
from storage.tables import metadata
from tests.storage.world import a_project

COUNT = st.integers(min_value=0, max_value=10**9)


def spent(model: str, requests: int, tokens_in: int, tokens_out: int) -> Spent:
    return Spent(model=model, requests=requests, tokens_in=tokens_in, tokens_out=tokens_out)


def test_a_reply_is_kept_under_its_key_and_a_newer_one_stands(connection: Connection) -> None:
    store.save_reply(connection, "a", "first")
    store.save_reply(connection, "b", "other")
    store.save_reply(connection, "a", "newer")
    assert [store.reply_of(connection, key) for key in "abc"] == ["newer", "other", None]


@given(st.lists(st.tuples(st.sampled_from(["m", "n"]), COUNT, COUNT, COUNT), max_size=6))
def test_what_was_spent_is_the_sum_of_what_was_added(added: list[tuple[str, int, int, int]]) -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        check_sums(connection, added)
    engine.dispose()


def check_sums(connection: Connection, added: list[tuple[str, int, int, int]]) -> None:
    one, other = (a_project(connection, name).id for name in ("one", "other"))
    for each in added:
        store.add_spending(connection, one, spent(*each))
    assert store.spending_of(connection, other) == []
    models = sorted({model for model, *_ in added})
    sums = [
        spent(model, *(sum(values) for values in zip(*(rest for name, *rest in added if name == model), strict=True)))
        for model in models
    ]
    assert store.spending_of(connection, one) == sums
