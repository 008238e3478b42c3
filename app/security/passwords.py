"""Passwords as scrypt hashes: making one, and holding a password against it in the same time whether it fits or not.

Keeps nothing and knows no database. 32 MB and some tenths of a second an attempt, as OWASP asks of scrypt.
"""

import hashlib
import hmac
import secrets
import unicodedata

from core.errors import UserError

SHORTEST = 12
LONGEST = 1024
# N, r and p: N * r * 128 bytes of memory, p times one after the other.
COST = (2**15, 8, 3)
MEMORY = 64 * 2**20
# What is computed for a name that nobody has, so that it takes as long as a wrong password.
NOBODY = "scrypt$" + "$".join(map(str, COST)) + "$" + "00" * 16 + "$" + "00" * 32


def hash_password(password: str) -> str:
    """The password's hash with its cost and a salt of its own; UserError when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(f"A password has {SHORTEST} to {LONGEST} characters: choose another one.")
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, *COST)
    return "$".join(("scrypt", *map(str, COST), salt.hex(), made.hex()))


def fits(password: str, hash: str | None) -> bool:
    """Whether the password is the one that was hashed; False for no hash, in the same time."""
    _, n, r, p, salt, known = (hash or NOBODY).split("$")
    made = _scrypt(password[:LONGEST], bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(made, bytes.fromhex(known)) and hash is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # The same letters may be typed as other code points on another keyboard.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=n, r=r, p=p, maxmem=MEMORY, dklen=32)
