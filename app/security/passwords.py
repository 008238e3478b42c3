"""Passwords as scrypt hashes: hashing one, and verifying one in constant time.

32 MiB and some tenths of a second an attempt, as the OWASP Password Storage Cheat Sheet recommends for scrypt.
"""

import hashlib
import hmac
import secrets
import unicodedata

from core.errors import UserError

MIN_LENGTH = 12
MAX_LENGTH = 1024
# N, r and p: N * r * 128 bytes of memory, p times one after the other.
SCRYPT_COST = (2**15, 8, 3)
SCRYPT_MAX_MEMORY = 64 * 2**20  # bytes
# Verified for a name that nobody has, so that it takes as long as a wrong password.
DUMMY_HASH = "scrypt$" + "$".join(map(str, SCRYPT_COST)) + "$" + "00" * 16 + "$" + "00" * 32


def hash_password(password: str) -> str:
    """The hash with its cost and a random salt. Raises UserError for a password that is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise UserError(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters: choose another one.")
    salt = secrets.token_bytes(16)
    key = _scrypt(password, salt, *SCRYPT_COST)
    return "$".join(("scrypt", *map(str, SCRYPT_COST), salt.hex(), key.hex()))


def verify_password(password: str, hash: str | None) -> bool:
    """Whether the password has this hash; False for no hash, after the same time."""
    _, n, r, p, salt, key = (hash or DUMMY_HASH).split("$")
    found = _scrypt(password[:MAX_LENGTH], bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(key)) and hash is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # NFC, because keyboards differ in the code points that they type for the same letter.
    normal = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(normal, salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_MAX_MEMORY, dklen=32)
