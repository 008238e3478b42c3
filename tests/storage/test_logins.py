"""Logins, sessions and failed attempts as rows."""

import pytest

from storage import logins
from storage.database import Database

NOW = 1000.0


def begin(db: Database, key: str, *, name: str = "Ada", hash: str = "h", until: float = NOW + 10) -> bool:
    with db.write() as connection:
        return logins.open_session(connection, name, hash, key=key, address="::1", now=NOW, until=until)


@pytest.fixture(autouse=True)
def ada(db: Database) -> None:
    with db.write() as connection:
        assert logins.save_login(connection, "Ada", "h")


def test_a_session_is_its_logins_until_it_is_over(db: Database) -> None:
    assert begin(db, "k")
    with db.read() as connection:
        assert logins.login_state(connection, "k", NOW + 9) == logins.LoginState(configured=True, name="Ada")
        assert logins.login_state(connection, "k", NOW + 10).name == ""
        assert logins.login_state(connection, "other", NOW).name == ""
        assert logins.signed_in_from(connection, "Ada", "::1", NOW)
        assert not logins.signed_in_from(connection, "Ada", "::2", NOW)


def test_another_password_and_removal_end_the_sessions(db: Database) -> None:
    begin(db, "k")
    with db.write() as connection:
        assert not logins.save_login(connection, "Ada", "other")
        assert logins.login_state(connection, "k", NOW).name == ""
    assert not begin(db, "late"), "the password was changed while it was looked at"
    begin(db, "new", hash="other")
    with db.write() as connection:
        assert logins.remove_login(connection, "Ada")
        assert logins.login_state(connection, "new", NOW) == logins.LoginState(configured=False, name="")
        assert not logins.remove_login(connection, "Ada")
        assert logins.list_logins(connection) == []


def test_failures_are_counted_taken_back_and_forgotten(db: Database) -> None:
    with db.write() as connection:
        for at in (1.0, 2.0):
            logins.count_login_failure(connection, ("a", "b"), now=at, forget=0.0)
        logins.uncount_login_failure(connection, ("b",))
        logins.drop_login_failures(connection, "a")
        assert logins.login_failures(connection, ("a", "b")) == {"b": logins.LoginFailures(count=1, last=2.0)}
        logins.count_login_failure(connection, ("c",), now=9.0, forget=5.0)
        assert set(logins.login_failures(connection, ("a", "b", "c"))) == {"c"}
