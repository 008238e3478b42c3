"""Signing in and out: who may, the session that a browser then carries, and the wait after attempts that failed.

Knows the rows and the rules, no page and no cookie's attributes.
"""

import hashlib
import ipaddress
import secrets
import time
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection

from app.security.passwords import fits, hash_password
from core.errors import UserError
from storage import logins
from storage.database import Database
from storage.logins import Failures, Standing

LASTS = 7 * 86400.0
LONGEST_NAME = 60
FORGOTTEN = 3600.0


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many attempts may fail before there is a wait, and how long a wait grows to (seconds)."""

    free: int
    longest: float


# Of a name from one address, from one address whatever the name, of a name from anywhere. The last is short, and does
# not hold where the name is signed in: guessing from elsewhere must not keep a person out.
PAIR = Patience(free=3, longest=900.0)
ADDRESS = Patience(free=10, longest=900.0)
NAME = Patience(free=10, longest=30.0)


class TooSoonError(UserError):
    """An attempt before the wait is over; ``seconds`` are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds + 0.5))
        super().__init__(f"Too many attempts failed: try again in {_spoken(self.seconds)}.")


def add_login(db: Database, name: str, password: str) -> bool:
    """Let somebody sign in, or give them another password, which ends their sessions; True when they are new.

    Raises UserError for a name or password that cannot be one.
    """
    tidy = unicodedata.normalize("NFC", name.strip())
    if not (tidy.isprintable() and 0 < len(tidy) <= LONGEST_NAME):
        raise UserError(f"A login's name has 1 to {LONGEST_NAME} printable characters on one line: choose another one.")
    made = hash_password(password)
    with db.write() as connection:
        return logins.save_login(connection, tidy, made)


def remove_login(db: Database, name: str) -> None:
    """Let somebody sign in no more; their sessions end now. UserError where nobody has this name."""
    with db.write() as connection:
        if not logins.remove_login(connection, unicodedata.normalize("NFC", name.strip())):
            raise UserError(f"There is no login '{name[:LONGEST_NAME]}': `switchpoint login list` shows them.")


def sign_in(db: Database, name: str, password: str, address: str) -> str | None:
    """The token of a new session; None when name and password do not fit.

    Raises TooSoonError while there is a wait. An attempt counts as failed before its password is looked at, so that
    many at the same time gain nothing; the counts are rows, so that a restart does not clear them.
    """
    tidy, place, now = unicodedata.normalize("NFC", name.strip())[:LONGEST_NAME], _network(address), time.time()
    both, from_there, of_name = _hashed("both", tidy, place), _hashed("address", place), _hashed("name", tidy)
    keys = {both: PAIR, from_there: ADDRESS, of_name: NAME}
    with db.read() as connection:  # whoever must wait takes no writer's turn
        at_home = logins.signed_in_from(connection, tidy, place, now)
        waited_for = {key: patience for key, patience in keys.items() if not (at_home and key == of_name)}
        _look(connection, waited_for, now)
    with db.write() as connection:
        _look(connection, waited_for, now)
        logins.count_failure(connection, tuple(keys), now=now, forget=now - FORGOTTEN)
        known = logins.hash_of(connection, tidy)
    if not fits(password, known) or known is None:
        return None
    token = secrets.token_urlsafe(32)
    with db.write() as connection:
        ends = now + LASTS
        if not logins.open_session(connection, tidy, known, key=key_of(token), address=place, now=now, until=ends):
            return None
        logins.forgive(connection, both)
        logins.take_back_failure(connection, (from_there, of_name))
    return token


def sign_out(db: Database, token: str) -> None:
    """End the session of a token."""
    with db.write() as connection:
        logins.end_session(connection, key_of(token))


def standing(db: Database, token: str) -> Standing:
    """Whether anyone may sign in at all, and who carries this token."""
    with db.read() as connection:
        return logins.standing(connection, key_of(token), time.time())


def key_of(token: str) -> str:
    """What a session is kept under: whoever reads the database cannot take it over."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def wait_left(failures: Failures, patience: Patience, now: float) -> float:
    """Seconds until the next attempt: none for the first ``free`` failures, then 1, 2, 4 … after each further one."""
    # A failure of the future is of a clock that was set back since.
    if failures.count < patience.free or not now - FORGOTTEN < failures.last < now + 60:
        return 0.0
    wait = min(2.0 ** min(failures.count - patience.free, 20), patience.longest)
    return max(0.0, failures.last + wait - now)


def _look(connection: Connection, keys: dict[str, Patience], now: float) -> None:
    """Raise TooSoonError while one of the keys has a wait."""
    known = logins.failures_of(connection, keys)
    left = max((wait_left(found, keys[key], now) for key, found in known.items()), default=0.0)
    if left > 0:
        raise TooSoonError(left)


def _network(address: str) -> str:
    """The address; of IPv6 the network, as one household has many addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _spoken(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
