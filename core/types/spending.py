"""What was asked of models behind an endpoint, as the endpoint counted it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Requests that were answered and their tokens, of one model in one project; replies read again cost nothing."""

    model: str
    requests: int
    tokens_in: int
    tokens_out: int
