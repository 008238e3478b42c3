"""Judged labels: which samples come next, and the counts of a support set."""

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from storage import store
from storage.store.labels import SMALL_SET
from tests.storage.world import a_sample, lessons


@pytest.fixture(autouse=True)
def _labelled(connection: Connection) -> None:
    lessons(connection, [a_sample(n, label=f"label {n % 3}" if n < 40 else "") for n in range(60)])
    lessons(connection, [a_sample(1, label="label 0")], "more")


def drawn(connection: Connection, reviewer: str = "Ada", *, seed: int = 0, limit: int = 10) -> list[int]:
    found = store.labels_to_check(connection, "flan", reviewer=reviewer, seed=seed, limit=limit)
    assert all(each.skill_label for each in found)
    return [each.id for each in found]


def judge(connection: Connection, sample: int, fits: bool, reviewer: str = "Ada") -> None:
    store.save_label_check(connection, sample, reviewer=reviewer, fits=fits)


@pytest.mark.parametrize("small_set", [SMALL_SET, 0], ids=["listed", "not listed"])
def test_the_draw_hangs_on_its_seed_and_goes_on_where_the_reviewer_stopped(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, small_set: int
) -> None:
    monkeypatch.setattr("storage.store.labels.SMALL_SET", small_set)
    whole = drawn(connection, limit=100)
    assert sorted(whole) == list(range(1, 41)), "every labelled sample, and no other, once"
    assert drawn(connection) == whole[:10]
    assert drawn(connection, seed=1) != whole[:10]
    for sample in whole[:4]:
        judge(connection, sample, True)
    assert drawn(connection) == whole[4:14]
    assert drawn(connection, "Bob") == whole[:10]
    firsts = {drawn(connection, "Bob", seed=seed, limit=1)[0] for seed in range(400)}
    assert len(firsts) == 40, "each is as likely as any other"


def test_a_second_judgement_replaces_the_first(connection: Connection) -> None:
    judge(connection, 1, True)
    judge(connection, 2, True)
    judge(connection, 1, False)
    judge(connection, 1, True, "Bob")
    assert store.checked_labels(connection, "flan") == store.CheckedLabels(judged=3, fit=2)
    assert store.checked_labels(connection, "more") == store.CheckedLabels(judged=0, fit=0)


def test_a_judgement_no_longer_counts_once_the_sample_has_another_label(connection: Connection) -> None:
    judge(connection, 1, False)
    store.save_labels(connection, [(1, "another label")])
    assert store.checked_labels(connection, "flan") == store.CheckedLabels(judged=0, fit=0)
    assert 1 in drawn(connection, limit=100)


def test_an_unknown_set_is_named(connection: Connection) -> None:
    with pytest.raises(UserError, match="no support set 'faln'"):
        store.checked_labels(connection, "faln")
