"""Logins, sessions and failed attempts as rows."""

import pytest

from storage import logins
from storage.database import Database

NOW = 1000.0


def begin(db: Database, key: str, *, name: str = "Ada", hash: str = "h", until: float = NOW + 10) -> bool:
    with db.write() as c:
        return logins.open_session(c, name, hash, key=key, address="::1", now=NOW, until=until)


@pytest.fixture(autouse=True)
def ada(db: Database) -> None:
    with db.write() as c:
        assert logins.save_login(c, "Ada", "h")


def test_a_session_is_its_logins_until_it_is_over(db: Database) -> None:
    assert begin(db, "k")
    with db.read() as c:
        assert logins.standing(c, "k", NOW + 9) == logins.Standing(configured=True, name="Ada")
        assert logins.standing(c, "k", NOW + 10).name == ""
        assert logins.standing(c, "other", NOW).name == ""
        assert logins.signed_in_from(c, "Ada", "::1", NOW)
        assert not logins.signed_in_from(c, "Ada", "::2", NOW)


def test_another_password_and_removal_end_the_sessions(db: Database) -> None:
    begin(db, "k")
    with db.write() as c:
        assert not logins.save_login(c, "Ada", "other")
        assert logins.standing(c, "k", NOW).name == ""
    assert not begin(db, "late"), "the password was changed while it was looked at"
    begin(db, "new", hash="other")
    with db.write() as c:
        assert logins.remove_login(c, "Ada")
        assert logins.standing(c, "new", NOW) == logins.Standing(configured=False, name="")
        assert not logins.remove_login(c, "Ada")
        assert logins.list_logins(c) == []


def test_failures_are_counted_taken_back_and_forgotten(db: Database) -> None:
    with db.write() as c:
        for at in (1.0, 2.0):
            logins.count_failure(c, ("a", "b"), now=at, forget=0.0)
        logins.take_back_failure(c, ("b",))
        logins.forgive(c, "a")
        assert logins.failures_of(c, ("a", "b")) == {"b": logins.Failures(count=1, last=2.0)}
        logins.count_failure(c, ("c",), now=9.0, forget=5.0)
        assert set(logins.failures_of(c, ("a", "b", "c"))) == {"c"}
