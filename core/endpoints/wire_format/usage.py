"""How many tokens an answer was billed for, as far as the server counts them; never less than it says."""

import math
from typing import Any

_IN, _OUT, _ALL = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"), ("total_tokens",)


def counted_tokens(body: dict[str, Any]) -> tuple[int, int]:
    """The tokens in and out that the server counts, 0 where it does not.

    Some servers count thoughts in the total only: what the total has more than the tokens in are tokens out.
    """
    found = body.get("usage")
    usage = found if isinstance(found, dict) else {}
    tokens_in, tokens_out, total = (_count(usage, names) for names in (_IN, _OUT, _ALL))
    return tokens_in, max(tokens_out, total - tokens_in if tokens_in else 0)


def _count(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := _number(usage.get(name)))), 0)


def _number(given: Any) -> int:
    """A count of tokens; 0 for whatever is none."""
    try:
        value = float(given)
    except (TypeError, ValueError):
        return 0
    return int(value) if math.isfinite(value) and value > 0 else 0
