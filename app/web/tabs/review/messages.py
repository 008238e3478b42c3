"""Reads what the Review tab's script sends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.web.page.place import whole_number
from core.errors import UserError

if TYPE_CHECKING:
    pass


def sample_in(sent: Any) -> int:
    """The sample that a message names."""
    sample = number_or_none(sent, "sample") if isinstance(sent, Mapping) else None
    if sample is None:
        raise UserError("Choose a case from the list first.")
    return sample


def number_or_none(sent: Mapping[str, Any], name: str) -> int | None:
    return whole_number(str(sent.get(name, "")))


def token_in(sent: Mapping[str, Any]) -> str:
    """What the script gave a command, so that it knows the answer when it is painted."""
    return str(sent.get("token", ""))[:24]
