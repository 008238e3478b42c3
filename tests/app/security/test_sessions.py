"""Signing in: passwords, waits after failures that a restart does not clear, and nobody locked out by strangers."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.security import passwords, sessions
from app.security.sessions import (
    ADDRESS,
    NAME,
    NAME_AND_ADDRESS,
    TooManyAttemptsError,
    add_login,
    find_session,
    remove_login,
    sign_in,
    sign_out,
)
from core.errors import UserError
from storage.database import FILE_NAME, Database, open_database
from storage.logins import LoginFailures

PASSWORD = "correct horse battery"


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(passwords, "SCRYPT_COST", (2**4, 8, 1))  # fast: these tests need no secure hashes
    monkeypatch.setattr(passwords, "DUMMY_HASH", passwords.DUMMY_HASH.replace("32768$8$3", "16$8$1"))
    made = open_database(tmp_path / "data")
    add_login(made, "Ada", PASSWORD)
    yield made
    made.close()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Advances the clock of sessions and waits by so many seconds."""
    now = [1e9]
    monkeypatch.setattr(sessions.time, "time", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_a_password_is_kept_as_a_salted_hash_of_full_cost() -> None:
    one, other = passwords.hash_password(PASSWORD), passwords.hash_password(PASSWORD)
    assert one != other
    assert one.startswith("scrypt$32768$8$3$")
    assert PASSWORD not in one
    assert passwords.verify_password(PASSWORD, one)
    assert not passwords.verify_password(PASSWORD + "x", one)
    assert not passwords.verify_password(PASSWORD, None)


def test_letters_typed_as_other_code_points_fit(db: Database) -> None:
    add_login(db, "Zoë", "Zoe\u0308 wants a password")
    assert sign_in(db, "Zoe\u0308", "Zo\u00eb wants a password", "1.2.3.4")


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1025])
def test_a_short_or_endless_password_is_refused(db: Database, password: str) -> None:
    with pytest.raises(UserError, match="12 to 1024 characters"):
        add_login(db, "Bob", password)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61, "a\x00"])
def test_a_name_that_is_none_is_refused(db: Database, name: str) -> None:
    with pytest.raises(UserError, match="printable"):
        add_login(db, name, PASSWORD)


def test_the_database_holds_neither_password_nor_cookie(db: Database) -> None:
    token = sign_in(db, "Ada", PASSWORD, "1.2.3.4")
    assert token
    sign_in(db, PASSWORD, PASSWORD, "1.2.3.4")  # a password typed where the name belongs
    with closing(sqlite3.connect(db.data / FILE_NAME)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "Ada" in dump
    assert token not in dump
    assert PASSWORD not in dump


def test_signing_out_and_removal_end_a_session(db: Database) -> None:
    first, second = sign_in(db, "Ada", PASSWORD, "a"), sign_in(db, "Ada", PASSWORD, "a")
    assert first
    assert second
    assert first != second
    sign_out(db, first)
    assert find_session(db, first).name == ""
    assert find_session(db, second).name == "Ada"
    remove_login(db, "Ada")
    assert find_session(db, second).name == ""
    with pytest.raises(UserError, match="no login 'Ada'"):
        remove_login(db, "Ada")


def test_a_session_ends_by_itself(db: Database, later: Callable[[float], None]) -> None:
    token = sign_in(db, "Ada", PASSWORD, "a") or ""
    later(sessions.SESSION_SECONDS - 1)
    assert find_session(db, token).name == "Ada"
    later(2)
    assert find_session(db, token).name == ""


def test_failures_make_a_wait_that_grows_and_outlives_a_restart(db: Database, later: Callable[[float], None]) -> None:
    fail(db, NAME_AND_ADDRESS.free_attempts)
    waits = []
    for _ in range(5):
        with pytest.raises(TooManyAttemptsError) as error:
            sign_in(db, "Ada", PASSWORD, "9.9.9.9")
        waits.append(error.value.seconds)
        later(error.value.seconds)
        assert sign_in(db, "Ada", "wrong", "9.9.9.9") is None
    assert waits == sorted(waits)
    assert waits[-1] >= 16
    again = open_database(db.data)
    with pytest.raises(TooManyAttemptsError):
        sign_in(again, "Ada", PASSWORD, "9.9.9.9")
    again.close()
    later(60)
    assert sign_in(db, "Ada", PASSWORD, "9.9.9.9")
    assert sign_in(db, "Ada", "wrong", "9.9.9.9") is None, "signing in forgives"


def test_a_strangers_guessing_keeps_nobody_out(db: Database, later: Callable[[float], None]) -> None:
    assert sign_in(db, "Ada", PASSWORD, "1.1.1.1")
    for host in range(40):
        try_to(db, "Ada", f"9.9.9.{host}")
    assert sign_in(db, "Ada", PASSWORD, "1.1.1.1"), "from where she works"
    with pytest.raises(TooManyAttemptsError) as error:
        sign_in(db, "Ada", PASSWORD, "2.2.2.2")
    assert error.value.seconds <= NAME.max_seconds + 1
    later(error.value.seconds)
    assert sign_in(db, "Ada", PASSWORD, "2.2.2.2"), "from anywhere, soon"


def test_one_address_guessing_many_names_waits(db: Database, later: Callable[[float], None]) -> None:
    for number in range(ADDRESS.free_attempts):
        assert sign_in(db, f"name {number}", "wrong", "2001:db8::1") is None
    with pytest.raises(TooManyAttemptsError):
        sign_in(db, "yet another", "wrong", "2001:db8::2")  # the same household
    assert sign_in(db, "yet another", "wrong", "2001:db8:0:1::1") is None


def test_attempts_at_the_same_time_are_all_counted(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def slow(password: str, known: str | None) -> bool:
        if len(seen) < 20:
            seen.append(1)
            try_to(db, "Ada", "9.9.9.9")  # another one, before this one's password was looked at
        return False

    monkeypatch.setattr(sessions, "verify_password", slow)
    try_to(db, "Ada", "9.9.9.9")
    assert len(seen) == NAME_AND_ADDRESS.free_attempts


def test_no_wait_is_longer_than_its_bound() -> None:
    assert NAME_AND_ADDRESS.max_seconds == sessions.backoff_left(
        LoginFailures(count=10**9, last=5e8), NAME_AND_ADDRESS, 5e8
    )
    assert sessions.backoff_left(LoginFailures(count=99, last=0.0), NAME_AND_ADDRESS, 5e8) == 0.0


def fail(db: Database, times: int) -> None:
    for _ in range(times):
        assert sign_in(db, "Ada", "wrong", "9.9.9.9") is None


def try_to(db: Database, name: str, address: str) -> None:
    try:
        sign_in(db, name, "wrong", address)
    except TooManyAttemptsError:
        return


def test_a_clock_that_was_set_back_makes_no_endless_wait() -> None:
    assert (
        sessions.backoff_left(LoginFailures(count=NAME_AND_ADDRESS.free_attempts, last=9e9), NAME_AND_ADDRESS, 5e8)
        == 0.0
    )
