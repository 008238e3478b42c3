"""Requests that are answered within a day, as an endpoint's Batch API takes them: many at once, at a lower price."""

from dataclasses import dataclass
from typing import Literal

# The first two are ours, before the endpoint knows of the batch: its file is on its way; the batch was asked for and
# nobody heard whether it was made. The others are OpenAI's.
BatchState = Literal[
    "uploading",
    "creating",
    "validating",
    "in_progress",
    "finalizing",
    "completed",
    "failed",
    "expired",
    "cancelling",
    "cancelled",
]


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """Questions for the skill labels of ``support`` that one file asks of ``model``, which lies at ``url``.

    ``by`` says for what a label is asked, a sample or a group. ``token`` is our own name for it, by which it is found
    at the endpoint; ``remote`` is the endpoint's ("" until it is known). ``requests`` is how many there are and
    ``tokens_in`` and ``tokens_out`` what they may come to at most; ``done`` and ``failed`` count the endpoint's
    answers, and ``error`` is its reason for a batch that failed. ``moved`` is when ``state`` changed last, and
    ``collected`` when all of it was taken in (None: not yet).
    """

    id: int = 0
    project: int
    support: str
    by: str
    model: str
    url: str
    token: str
    remote: str = ""
    state: BatchState = "uploading"
    requests: int
    tokens_in: int
    tokens_out: int
    done: int = 0
    failed: int = 0
    error: str = ""
    created: str = ""
    moved: str = ""
    collected: str | None = None


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """A request (``key``) that a batch asked: in ``batch`` it waits for its answer; None: it came back without one,
    ``tries`` times so far, the last time for the reason ``error``."""

    key: str
    batch: int | None
    tries: int
    error: str
