"""Requests to an endpoint's Batch API: many at once, answered within a day at a lower price."""

from dataclasses import dataclass
from typing import Literal

# The first two are ours: the file is being uploaded; the batch was requested and the reply was lost. The others are
# OpenAI's.
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
    """One file of requests for skill labels of the support set ``support``, sent to ``model`` at ``url``.

    ``by`` says what a label is for, a sample or a group. ``token`` is this project's own identifier, stored in the
    batch's metadata; ``remote`` is the endpoint's id ("" until it is known). ``requests`` is the number of requests,
    ``tokens_in`` and ``tokens_out`` their largest possible cost; ``done`` and ``failed`` count the endpoint's answers,
    and ``error`` is its reason for a failed batch. ``moved`` is when ``state`` last changed, ``collected`` when all
    answers were stored (None: not yet).
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
    """One request (``key``) of a batch: ``batch`` is where it waits for its answer, or None where it came back
    unanswered ``tries`` times, last for the reason ``error``."""

    key: str
    batch: int | None
    tries: int
    error: str
