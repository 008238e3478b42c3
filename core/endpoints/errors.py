"""Turn a failed request to an endpoint into a sentence that says what to do. No message contains a key."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError

from core.endpoints.addresses import Endpoint
from core.endpoints.wire_format.server_errors import ServerError, read_error
from core.errors import UserError
from core.redaction import redact
from core.types import EndpointSettings

MAX_MESSAGE_CHARS = 300
ANSWERED = 200
REQUEST_REFUSED_STATUSES = (400, 413, 422)
NO_SUCH_THING_STATUSES = (404, 405)
TRANSIENT_STATUSES = (408, 409, 425, 429)
MAX_RETRY_AFTER_SECONDS = 60.0
# Gateways that find no provider for a parameter say so with status 404.
_NAMES_PARAMETER = re.compile(r"\bparameters?\b|log[\s_-]?prob|\bn\s*[>=]\s*1", re.IGNORECASE)
_FLAWS = {
    "cut": "was cut off at the longest reply that is allowed",
    "cut in thought": "was cut off at the longest reply that is allowed, and had written only thoughts by then",
    "only thought": "wrote only thoughts and no reply",
    "filtered": "has its reply held back by a content filter",
    "refused": "refused to answer",
    "tool call": "called a tool and wrote no reply",
    "empty": "gave an empty reply",
}


class RefusedError(UserError):
    """The endpoint does not accept this request (too long, an unknown setting); it may accept others."""


class FailedError(UserError):
    """Every attempt of this request failed with a transient error (timeout, status 500); others may succeed.

    ``status`` is that of the last attempt, 0 where it was not answered.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class IncompleteError(FailedError):
    """The endpoint answered, and no text of its reply is whole; ``flaw`` says why (``core.endpoints.replies``)."""

    def __init__(self, message: str, flaw: str) -> None:
        super().__init__(message, ANSWERED)
        self.flaw = flaw


class NoCompletionError(Exception):
    """The answer is not a chat completion; ``listed`` False: it is one, but lacks the requested tokens."""

    def __init__(self, *, listed: bool = True) -> None:
        super().__init__("no chat completion")
        self.listed = listed


class NotWholeError(Exception):
    """No text of a reply is whole: the ``flaw`` of the first, and the tokens that are billed all the same."""

    def __init__(self, flaw: str, tokens_in: int, tokens_out: int) -> None:
        super().__init__(flaw)
        self.flaw, self.tokens_in, self.tokens_out = flaw, tokens_in, tokens_out


def explain(error: Exception, endpoint: Endpoint, settings: EndpointSettings, tries: int) -> UserError:
    """The error to raise after the last of ``tries`` attempts.

    A RefusedError or FailedError where other requests may still be answered.
    """
    tried = f" (the last of {tries} tries)" if tries > 1 else ""
    if isinstance(error, APITimeoutError | TimeoutError | APIConnectionError):
        return FailedError(_explain_connection(error, endpoint, settings, tried))
    if isinstance(error, APIStatusError):
        return _explain_status(error, endpoint, settings)
    if isinstance(error, NotWholeError):
        return IncompleteError(f"{endpoint.name} {explain_flaw(error.flaw)}{tried}.", error.flaw)
    if isinstance(error, NoCompletionError) and not error.listed:
        return FailedError(
            f"{endpoint.url} left out the log-probabilities that it gives with other answers{tried}: look into its "
            "log, then start again.",
            ANSWERED,
        )
    return FailedError(
        f"{endpoint.url} answered with something that is no chat completion{tried}: check that it is the address of an "
        "OpenAI-compatible server, up to and with /v1.",
        ANSWERED,
    )


def _explain_connection(error: Exception, endpoint: Endpoint, settings: EndpointSettings, tried: str) -> str:
    if isinstance(error, APITimeoutError | TimeoutError):
        return (
            f"{endpoint.url} took longer than {settings.timeout:g} seconds{tried}: ask for less at once than "
            f"{settings.at_once}, or allow more time, in the project's endpoint settings."
        )
    if isinstance(error.__cause__, httpx2.ConnectError):
        return (
            f"Nothing answers at {endpoint.url}{tried}: start the server that serves {endpoint.model}, or correct the "
            "address."
        )
    return (
        f"{endpoint.url} ended the connection before its answer was whole{tried}: look into its log, then start again."
    )


def _explain_status(error: APIStatusError, endpoint: Endpoint, settings: EndpointSettings) -> UserError:
    said, status = server_error(error), error.status_code
    line = redact(said.text)
    note = f" It says: {line[:MAX_MESSAGE_CHARS]}" if line else ""
    if said.is_out_of_credit:
        return UserError(f"The account at {endpoint.url} has no credit left: add some, then start again.{note}")
    if status == 401:  # without its message: servers repeat part of the key
        return UserError(
            f"{endpoint.url} does not accept the key: set the right one as {endpoint.keys[-1]} in the environment "
            "and start Switchpoint again, or keep it with `switchpoint key set`."
        )
    if status == 403:
        return UserError(
            f"{endpoint.url} does not let this key use {endpoint.model}: ask for access, or choose another model.{note}"
        )
    is_about_request = status in NO_SUCH_THING_STATUSES and _NAMES_PARAMETER.search(said.text)
    if status in REQUEST_REFUSED_STATUSES or is_about_request:
        return RefusedError(f"{endpoint.name} does not take this request.{note}")
    if status == 404:
        return UserError(
            f"{endpoint.url} has no model {endpoint.model!r}, or no chat completions: correct the name (its /models "
            f"lists them) and check that the address ends in /v1.{note}"
        )
    if status == 429:
        later = retry_after_seconds(error)
        why = (
            f"{endpoint.url} still says that there are too many requests: ask for fewer at once than "
            f"{settings.at_once} in the project's endpoint settings, or start again later.{note}"
        )
        return UserError(why) if later is not None and later > MAX_RETRY_AFTER_SECONDS else FailedError(why, status)
    if status < 400:
        return UserError(f"{endpoint.url} points to another address: name that one, it is not followed with a key.")
    why = f"{endpoint.url} failed with status {status}: look into its log, then start again.{note}"
    return FailedError(why, status) if status in TRANSIENT_STATUSES or status >= 500 else UserError(why)


def explain_flaw(flaw: str) -> str:
    """Why a reply is not whole, to follow the model's name."""
    return _FLAWS.get(flaw) or f'ended its reply with "{flaw}", which is no whole one'


def server_error(error: APIStatusError) -> ServerError:
    """What the server says of an error, with the status that it came with."""
    return read_error(error.body, error.status_code)


def retry_after_seconds(error: APIStatusError) -> float | None:
    """The seconds of a server's Retry-After header, given as a number or a date; None without one."""
    text = error.response.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
