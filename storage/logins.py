"""Logins, sessions and failed sign-ins, as rows.

Knows no password (hashes come from ``app.security.passwords``), no cookie (only its SHA-256) and no rule of how long to
wait.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from storage.tables import attempts, logins, sessions
from storage.tables.columns import utc_now


@dataclass(frozen=True, kw_only=True)
class Login:
    """A name that may sign in, and since when (UTC, ISO 8601)."""

    name: str
    created: str


@dataclass(frozen=True, kw_only=True)
class LoginState:
    """Whether there are any logins, and whose session a request belongs to ("" for none)."""

    configured: bool
    name: str


@dataclass(frozen=True, kw_only=True)
class LoginFailures:
    """How many sign-ins failed, and when the last one did (``last``, Unix seconds)."""

    count: int
    last: float


def save_login(connection: Connection, name: str, hash: str) -> bool:
    """Add a login, or change its password, which ends its sessions; True when it is new."""
    ended = connection.execute(update(logins).where(logins.c.name == name).values(hash=hash)).rowcount
    if ended:
        connection.execute(delete(sessions).where(sessions.c.login == name))
    else:
        connection.execute(insert(logins).values(name=name, hash=hash, created=utc_now()))
    return not ended


def remove_login(connection: Connection, name: str) -> bool:
    """Remove a login and its sessions; False when there is none of this name."""
    connection.execute(delete(sessions).where(sessions.c.login == name))
    return connection.execute(delete(logins).where(logins.c.name == name)).rowcount == 1


def list_logins(connection: Connection) -> list[Login]:
    """Every login by name."""
    return [
        Login(name=row.name, created=row.created) for row in connection.execute(select(logins).order_by(logins.c.name))
    ]


def password_hash_of(connection: Connection, name: str) -> str | None:
    """The hash of a login's password; None when there is none of this name."""
    return connection.scalar(select(logins.c.hash).where(logins.c.name == name))


def open_session(
    connection: Connection, name: str, hash: str, *, key: str, address: str, now: float, until: float
) -> bool:
    """Start a session; False when the login was removed or its password changed since ``hash`` was read.

    Sessions that have expired by ``now`` (Unix seconds) are deleted.
    """
    connection.execute(delete(sessions).where(sessions.c.expires <= now))
    known = select(literal(key), logins.c.name, literal(address), literal(until), literal(utc_now())).where(
        logins.c.name == name, logins.c.hash == hash
    )
    columns = ("key", "login", "address", "expires", "created")
    return connection.execute(insert(sessions).from_select(columns, known)).rowcount == 1


def end_session(connection: Connection, key: str) -> None:
    """End a session, if there is one of this key."""
    connection.execute(delete(sessions).where(sessions.c.key == key))


def login_state(connection: Connection, key: str, now: float) -> LoginState:
    """Whether there are logins, and whose session ``key`` is; one query, since every request asks."""
    whose = select(sessions.c.login).where(sessions.c.key == key, sessions.c.expires > now).scalar_subquery()
    row = connection.execute(select(exists(select(logins.c.name)), whose)).one()
    return LoginState(configured=bool(row[0]), name=row[1] or "")


def signed_in_from(connection: Connection, name: str, address: str, now: float) -> bool:
    """Whether the login has a session started at this address."""
    query = select(sessions.c.key).where(sessions.c.login == name, sessions.c.address == address)
    return connection.execute(query.where(sessions.c.expires > now).limit(1)).first() is not None


def login_failures(connection: Connection, keys: Collection[str]) -> Mapping[str, LoginFailures]:
    """The failures stored under these keys."""
    query = select(attempts).where(attempts.c.key.in_(keys))
    return {row.key: LoginFailures(count=row.failures, last=row.last) for row in connection.execute(query)}


def count_login_failure(connection: Connection, keys: Collection[str], *, now: float, forget: float) -> None:
    """Count one more failure under each key; failures older than ``forget`` are deleted first."""
    connection.execute(delete(attempts).where(attempts.c.last < forget))
    more = upsert(attempts).values([{"key": key, "failures": 1, "last": now} for key in keys])
    counted = {"failures": attempts.c.failures + 1, "last": now}
    connection.execute(more.on_conflict_do_update(index_elements=["key"], set_=counted))


def uncount_login_failure(connection: Connection, keys: Collection[str]) -> None:
    """Count one failure less under each key, after an attempt that succeeded."""
    less = update(attempts).where(attempts.c.key.in_(keys))
    connection.execute(less.values(failures=func.max(attempts.c.failures - 1, 0)))


def drop_login_failures(connection: Connection, key: str) -> None:
    """Delete all failures of a key."""
    connection.execute(delete(attempts).where(attempts.c.key == key))
