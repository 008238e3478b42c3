"""Whether and when a request to an endpoint that failed is sent again, and whether the failed one may be billed.

Knows the errors of the ``openai`` client; sends nothing and waits for nothing.
"""

import random

import httpx2
from openai import APIConnectionError, APIStatusError

from core.endpoints.errors import LONGEST_TOLD, PASSING, NoCompletionError, told_wait

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def wait_before_next(error: Exception, tried: int) -> float | None:
    """Seconds to wait after ``tried`` failed tries, as long as the server names, else growing with some jitter.

    None: no other try is worth it, as the server refuses or names a wait of more than a minute.
    """
    if isinstance(error, APIStatusError):
        told = told_wait(error)
        if not _may_pass(error) or (told is not None and told > LONGEST_TOLD):
            return None
        if told is not None:
            return told
    longest: float = min(FIRST_WAIT * 2.0 ** min(tried - 1, 10), LONGEST_WAIT)
    return longest * random.uniform(0.75, 1.0)


def maybe_billed(error: Exception) -> bool:
    """Whether the server may have worked out an answer and billed it, though none came that can be used."""
    if isinstance(error, APIConnectionError):  # a timeout too
        return not isinstance(error.__cause__, NEVER_SENT)
    return isinstance(error, NoCompletionError | TimeoutError)


def _may_pass(error: APIStatusError) -> bool:
    if error.code == "insufficient_quota" or error.response.headers.get("x-should-retry") == "false":
        return False
    return error.status_code in PASSING or error.status_code >= 500
