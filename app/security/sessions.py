"""Logins and sessions: adding a login, signing in and out, and the waits after failed attempts (exponential backoff).

The page and the session's cookie are ``app.web.login_page``'s.
"""

import hashlib
import ipaddress
import secrets
import time
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection

from app.security.passwords import hash_password, verify_password
from core.errors import UserError
from storage import logins
from storage.database import Database
from storage.logins import LoginFailures, LoginState

SESSION_SECONDS = 7 * 86400.0
MAX_NAME_LENGTH = 60
FAILURE_MEMORY_SECONDS = 3600.0  # failures are forgotten after an hour without another


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How many attempts may fail before there is a wait, and the longest wait in seconds."""

    free_attempts: int
    max_seconds: float


# Failures are counted for a name from one address, for an address with any name, and for a name from any address.
# The last wait is short, and is waived at an address where the name is signed in: guessing from elsewhere must not
# lock a person out.
NAME_AND_ADDRESS = Backoff(free_attempts=3, max_seconds=900.0)
ADDRESS = Backoff(free_attempts=10, max_seconds=900.0)
NAME = Backoff(free_attempts=10, max_seconds=30.0)


class TooManyAttemptsError(UserError):
    """An attempt before the wait is over; ``seconds`` are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds + 0.5))
        super().__init__(f"Too many attempts failed: try again in {_duration_text(self.seconds)}.")


def add_login(db: Database, name: str, password: str) -> bool:
    """Add a login, or change the password of one, which ends its sessions. Returns whether the login is new.

    Raises UserError for an unusable name or password.
    """
    normal = unicodedata.normalize("NFC", name.strip())
    if not (normal.isprintable() and 0 < len(normal) <= MAX_NAME_LENGTH):
        raise UserError(
            f"A login's name has 1 to {MAX_NAME_LENGTH} printable characters on one line: choose another one."
        )
    hashed = hash_password(password)
    with db.write() as connection:
        return logins.save_login(connection, normal, hashed)


def remove_login(db: Database, name: str) -> None:
    """Remove a login and end its sessions. Raises UserError where there is none of this name."""
    with db.write() as connection:
        if not logins.remove_login(connection, unicodedata.normalize("NFC", name.strip())):
            raise UserError(f"There is no login '{name[:MAX_NAME_LENGTH]}': `switchpoint login list` shows them.")


def sign_in(db: Database, name: str, password: str, address: str) -> str | None:
    """The token of a new session; None when name or password is wrong.

    Raises TooManyAttemptsError while there is a wait. An attempt counts as failed before its password is verified, so
    that parallel attempts gain nothing; the counts are stored, so that a restart does not clear them.
    """
    login, group, now = (
        unicodedata.normalize("NFC", name.strip())[:MAX_NAME_LENGTH],
        _address_group(address),
        time.time(),
    )
    both_key, address_key, name_key = _hash("both", login, group), _hash("address", group), _hash("name", login)
    backoffs = {both_key: NAME_AND_ADDRESS, address_key: ADDRESS, name_key: NAME}
    with db.read() as connection:  # first without the write lock, so that refused attempts block no writer
        signed_in_there = logins.signed_in_from(connection, login, group, now)
        checked = {key: backoff for key, backoff in backoffs.items() if not (signed_in_there and key == name_key)}
        _raise_if_too_soon(connection, checked, now)
    with db.write() as connection:
        _raise_if_too_soon(connection, checked, now)
        logins.count_login_failure(connection, tuple(backoffs), now=now, forget=now - FAILURE_MEMORY_SECONDS)
        hashed = logins.password_hash_of(connection, login)
    if not verify_password(password, hashed) or hashed is None:
        return None
    token = secrets.token_urlsafe(32)
    key, until = hash_token(token), now + SESSION_SECONDS
    with db.write() as connection:
        if not logins.open_session(connection, login, hashed, key=key, address=group, now=now, until=until):
            return None
        logins.drop_login_failures(connection, both_key)
        logins.uncount_login_failure(connection, (address_key, name_key))
    return token


def sign_out(db: Database, token: str) -> None:
    """End the session of a token."""
    with db.write() as connection:
        logins.end_session(connection, hash_token(token))


def find_session(db: Database, token: str) -> LoginState:
    """Whose session the token is ("" for nobody's), and whether there is any login at all."""
    with db.read() as connection:
        return logins.login_state(connection, hash_token(token), time.time())


def hash_token(token: str) -> str:
    """The key under which a session is stored: reading the database gives nobody a usable token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def backoff_left(failures: LoginFailures, backoff: Backoff, now: float) -> float:
    """Seconds until the next attempt: 0 while attempts are free, then 1, 2, 4 … after each further failure."""
    # A failure in the future was counted before the clock was set back.
    if failures.count < backoff.free_attempts or not now - FAILURE_MEMORY_SECONDS < failures.last < now + 60:
        return 0.0
    wait = min(2.0 ** min(failures.count - backoff.free_attempts, 20), backoff.max_seconds)
    return max(0.0, failures.last + wait - now)


def _raise_if_too_soon(connection: Connection, backoffs: dict[str, Backoff], now: float) -> None:
    """Raise TooManyAttemptsError while one of the keys has a wait."""
    failures = logins.login_failures(connection, backoffs)
    left = max((backoff_left(found, backoffs[key], now) for key, found in failures.items()), default=0.0)
    if left > 0:
        raise TooManyAttemptsError(left)


def _address_group(address: str) -> str:
    """The address under which attempts are counted; of IPv6 the /64 network, as one household has many addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _duration_text(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
