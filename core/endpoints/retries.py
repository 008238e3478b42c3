"""Decide whether and when a failed request to an endpoint is retried, and whether the failed one may be billed."""

import random

import httpx2
from openai import APIConnectionError, APIStatusError

from core.endpoints.errors import (
    MAX_RETRY_AFTER_SECONDS,
    TRANSIENT_STATUSES,
    NoCompletionError,
    NotWholeError,
    retry_after_seconds,
    server_error,
)

FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.5, 8.0
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def wait_before_next(error: Exception, tried: int) -> float | None:
    """Seconds to wait after ``tried`` failed attempts: the server's Retry-After, else exponential backoff with jitter.

    None when retrying is pointless: the server refuses, asks for more than a minute, or ended a reply early for a
    reason that it would have again. A reply that is empty for no reason is asked for again.
    """
    if isinstance(error, NotWholeError) and error.flaw != "empty":
        return None
    if isinstance(error, APIStatusError):
        retry_after = retry_after_seconds(error)
        if not _is_transient(error) or (retry_after is not None and retry_after > MAX_RETRY_AFTER_SECONDS):
            return None
        if retry_after is not None:
            return retry_after
    max_wait: float = min(FIRST_WAIT_SECONDS * 2.0 ** min(tried - 1, 10), MAX_WAIT_SECONDS)
    return max_wait * random.uniform(0.75, 1.0)


def may_be_billed(error: Exception) -> bool:
    """Whether the server may have billed an answer that never arrived in usable form."""
    if isinstance(error, APIConnectionError):  # includes timeouts
        return not isinstance(error.__cause__, NEVER_SENT)
    return isinstance(error, NoCompletionError | TimeoutError)


def _is_transient(error: APIStatusError) -> bool:
    if server_error(error).is_out_of_credit or error.response.headers.get("x-should-retry") == "false":
        return False
    return error.status_code in TRANSIENT_STATUSES or error.status_code >= 500
