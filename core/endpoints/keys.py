"""Find, save and delete API keys: in the environment, else in the system's keyring if the ``keyring`` library is
installed.

Both use the name of the environment variable; in the keyring it is a user of the service "switchpoint".
"""

import os
from collections.abc import Mapping
from typing import Any, Literal

from core.errors import UserError
from core.redaction import register_secret

SERVICE = "switchpoint"
Source = Literal["environment", "keyring", ""]


def find_key(name: str, environment: Mapping[str, str] | None = None) -> tuple[str, Source]:
    """The key of that name and where it was found; ("", "") when there is none.

    With ``environment`` given, only that is searched.
    """
    if found := (os.environ if environment is None else environment).get(name, "").strip():
        return found, "environment"
    if environment is None and (found := _from_keyring(name)):
        register_secret(found)
        return found, "keyring"
    return "", ""


def save_key(name: str, key: str) -> None:
    """Save a key in the keyring, replacing one of that name. Raises UserError when there is no keyring."""
    register_secret(key)
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, name, key)
    except keyring.errors.KeyringError as error:
        raise _keyring_error(name, error) from error


def delete_key(name: str) -> None:
    """Delete a key from the keyring. Raises UserError when it is not there."""
    keyring = _keyring()
    try:
        keyring.delete_password(SERVICE, name)
    except keyring.errors.PasswordDeleteError as error:
        raise UserError(f"The keyring holds no {name}: nothing to remove.") from error
    except keyring.errors.KeyringError as error:
        raise _keyring_error(name, error) from error


def _from_keyring(name: str) -> str:
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return (keyring.get_password(SERVICE, name) or "").strip()
    except keyring.errors.KeyringError:  # no keyring on this machine, or one that stays locked
        return ""


def _keyring() -> Any:
    try:
        import keyring
    except ImportError as error:
        raise UserError(
            "Keys are kept in the system's keyring by the library keyring, which is not installed: `pip install "
            "keyring`, or set the key in the environment."
        ) from error
    return keyring


def _keyring_error(name: str, error: Exception) -> UserError:
    return UserError(
        f"This machine's keyring cannot be used ({type(error).__name__}): set {name} in the environment instead."
    )
