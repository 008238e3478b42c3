"""What was asked of models behind an endpoint, as the endpoint counted it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Requests that were answered and their tokens, of one model in one project; replies read again cost nothing.

    ``batch_in`` and ``batch_out`` say how many of these tokens came in batches, which may cost less.
    """

    model: str
    requests: int
    tokens_in: int
    tokens_out: int
    batch_in: int = 0
    batch_out: int = 0
