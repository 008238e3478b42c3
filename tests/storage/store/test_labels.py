"""Judged labels: which samples come next, and the counts of a support set."""

import pytest

from core.errors import UserError
from storage import store
from storage.database import Database
from storage.store.labels import SMALL_SET
from tests.storage.world import a_sample


@pytest.fixture
def lessons(db: Database) -> Database:
    with db.write() as connection:
        samples = [a_sample(number, label=f"label {number % 3}" if number < 40 else "") for number in range(60)]
        store.save_samples(connection, project=None, role="support", name="flan", samples=samples, images={})
        store.save_samples(
            connection, project=None, role="support", name="more", samples=[a_sample(1, label="label 0")], images={}
        )
    return db


def drawn(db: Database, reviewer: str = "Ada", *, seed: int = 0, limit: int = 10) -> list[int]:
    with db.read() as connection:
        found = store.labels_to_check(connection, "flan", reviewer=reviewer, seed=seed, limit=limit)
    assert all(each.skill_label for each in found)
    return [each.id for each in found]


def judge(db: Database, sample: int, fits: bool, reviewer: str = "Ada") -> None:
    with db.write() as connection:
        store.save_label_check(connection, sample, reviewer=reviewer, fits=fits)


def checked(db: Database, name: str = "flan") -> store.CheckedLabels:
    with db.read() as connection:
        return store.checked_labels(connection, name)


@pytest.mark.parametrize("small_set", [SMALL_SET, 0], ids=["listed", "not listed"])
def test_the_draw_hangs_on_its_seed_and_goes_on_where_the_reviewer_stopped(
    lessons: Database, monkeypatch: pytest.MonkeyPatch, small_set: int
) -> None:
    monkeypatch.setattr("storage.store.labels.SMALL_SET", small_set)
    whole = drawn(lessons, limit=100)
    assert sorted(whole) == list(range(1, 41)), "every labelled sample, and no other, once"
    assert drawn(lessons) == whole[:10]
    assert drawn(lessons, seed=1) != whole[:10]
    for sample in whole[:4]:
        judge(lessons, sample, True)
    assert drawn(lessons) == whole[4:14]
    assert drawn(lessons, "Bob") == whole[:10]
    firsts = {drawn(lessons, "Bob", seed=seed, limit=1)[0] for seed in range(400)}
    assert len(firsts) == 40, "each is as likely as any other"


def test_a_second_judgement_replaces_the_first(lessons: Database) -> None:
    judge(lessons, 1, True)
    judge(lessons, 2, True)
    judge(lessons, 1, False)
    judge(lessons, 1, True, "Bob")
    assert checked(lessons) == store.CheckedLabels(judged=3, fit=2)
    assert checked(lessons, "more") == store.CheckedLabels(judged=0, fit=0)


def test_a_judgement_no_longer_counts_once_the_sample_has_another_label(lessons: Database) -> None:
    judge(lessons, 1, False)
    with lessons.write() as connection:
        store.save_labels(connection, [(1, "another label")])
    assert checked(lessons) == store.CheckedLabels(judged=0, fit=0)
    assert 1 in drawn(lessons, limit=100)


def test_an_unknown_set_is_named(lessons: Database) -> None:
    with pytest.raises(UserError, match="no support set 'faln'"):
        checked(lessons, "faln")
