"""The tokens that a server lists for the first one of a reply, with their log-probabilities.

Chat completions list objects; the older completions have one dictionary for each token. A log-probability of null is
minus infinity as JSON writes it: that token is impossible. One that is no number is not known: the token counts as not
listed, and the reply counts all the same.
"""

from math import inf, isnan
from typing import Any


def listed_tokens(choice: dict[str, Any]) -> list[tuple[str, float]]:
    """The (token, log-probability) pairs; none where no token is possible."""
    pairs = [pair for each in _first_list(choice.get("logprobs")) if (pair := _pair(each))]
    return pairs if any(value > -inf for _, value in pairs) else []


def _first_list(logprobs: Any) -> list[dict[str, Any]]:
    found = logprobs if isinstance(logprobs, dict) else {}
    first = _head(found.get("content"))
    listed = first.get("top_logprobs") if isinstance(first, dict) else _head(found.get("top_logprobs"))
    if isinstance(listed, dict):
        return [{"token": token, "logprob": value} for token, value in listed.items()]
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _head(found: Any) -> Any:
    return found[0] if isinstance(found, list) and found else None


def _pair(each: dict[str, Any]) -> tuple[str, float] | None:
    """A token with its log-probability; None where one of them cannot be read."""
    token, given = each.get("token"), each.get("logprob")
    try:
        said = token if isinstance(token, str) and token else _decoded(each.get("bytes"))
        value = -inf if given is None else float(given)
    except (TypeError, ValueError):
        return None
    return None if said is None or isnan(value) else (said, value)


def _decoded(given: Any) -> str | None:
    """A token that comes as its bytes; "" for one without any, None where that is no list of bytes."""
    return bytes(given).decode(errors="replace") if isinstance(given, list) else None if given else ""
