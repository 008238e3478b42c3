"""What a failed request to an endpoint means to a person, each with what to do. No message holds a key.

Knows the errors of the ``openai`` client and sends nothing.
"""

import re

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

from core.endpoints import Endpoint
from core.errors import UserError
from core.types import EndpointSettings

LONGEST = 300
NOT_THIS_ONE = (400, 413, 422)


class RefusedError(UserError):
    """The endpoint does not take this one request (too long, a setting it does not know); others it may."""


def explained(error: APIError, endpoint: Endpoint, key: str, settings: EndpointSettings) -> UserError:
    """The sentence for the error; ``RefusedError`` where only this request is at fault."""
    tries = settings.retries + 1
    if isinstance(error, APITimeoutError):
        return UserError(
            f"{endpoint.url} took longer than {settings.timeout:g} seconds, {tries} times in a row: ask for less at "
            f"once than {settings.at_once}, or allow more time, in the project's endpoint settings."
        )
    if isinstance(error, APIConnectionError):
        return UserError(
            f"Nothing answers at {endpoint.url}: start the server that serves {endpoint.model}, or correct the address."
        )
    if isinstance(error, APIStatusError):
        return _status(error, endpoint, key, settings)
    return UserError(f"{endpoint.url} answered with something that cannot be read: check that it is the right address.")


def _status(error: APIStatusError, endpoint: Endpoint, key: str, settings: EndpointSettings) -> UserError:
    said = _said(error, key)
    if isinstance(error, AuthenticationError):  # Its own words are left out: servers repeat a part of the key.
        return UserError(
            f"{endpoint.url} does not accept the key: set the right one as {endpoint.keys[-1]} in the environment "
            "and start Switchpoint again."
        )
    if isinstance(error, PermissionDeniedError):
        return UserError(
            f"{endpoint.url} does not let this key use {endpoint.model}: ask for access, or choose another model.{said}"
        )
    if isinstance(error, NotFoundError):
        return UserError(
            f"{endpoint.url} has no model {endpoint.model!r}, or no chat completions: correct the name (its /models "
            f"lists them) and check that the address ends in /v1.{said}"
        )
    if isinstance(error, RateLimitError):
        if error.code == "insufficient_quota":
            return UserError(f"The account at {endpoint.url} has no credit left: add some, then start again.")
        return UserError(
            f"{endpoint.url} still says that there are too many requests: ask for fewer at once than "
            f"{settings.at_once} in the project's endpoint settings, or start again later.{said}"
        )
    if error.status_code in NOT_THIS_ONE:
        return RefusedError(f"{endpoint.name} does not take this request.{said}")
    if error.status_code < 400:
        return UserError(f"{endpoint.url} points to another address: name that one, it is not followed with a key.")
    return UserError(
        f"{endpoint.url} failed with status {error.status_code}: look into its log, then start again.{said}"
    )


def _said(error: APIStatusError, key: str) -> str:
    """The server's own words in one line, without the key and whatever looks like one."""
    body = error.body
    message = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    line = " ".join(str(message or "").split()).replace(key, "…")
    line = re.sub(r"\b(?:sk|Bearer)[-_ ][\w*.-]{6,}", "…", line)
    return f" It says: {line[:LONGEST]}" if line else ""
