"""Usage of models behind endpoints, as counted by the endpoint."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Answered requests and their tokens, of one model in one project; cached replies cost nothing.

    ``batch_in`` and ``batch_out`` are the tokens among them that came from batches, which may cost less.
    """

    model: str
    requests: int
    tokens_in: int
    tokens_out: int
    batch_in: int = 0
    batch_out: int = 0
