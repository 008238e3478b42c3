"""What batches of chat requests look like as files: a request a line on the way up, an answer a line on the way back.

Here are OpenAI's limits, how a server shows a batch, and what of that is believed. Sends nothing.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Literal, cast, get_args

from core.endpoints.errors import LONGEST, NOT_THIS_ONE, NoCompletionError
from core.endpoints.messages import most_tokens, read_reply
from core.errors import UserError
from core.redaction import redact
from core.types import BatchState

# OpenAI's limits are 50,000 requests and 200 MB a file (its API reference, read on 2026-11-26).
MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000
PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
STATES = get_args(BatchState)[2:]
ENDED = ("completed", "failed", "expired", "cancelled")
UNASKED = ("batch_expired", "batch_cancelled")
_NOTHING_SAID: dict[str, Any] = {"messages": []}


@dataclass(frozen=True, kw_only=True)
class BatchAnswer:
    """The answer to one request: a ``reply`` as it is kept, with its tokens (0 in: not counted), or why there is none.

    ``refused``: the endpoint does not take this very request; ``unasked``: it was never worked on.
    """

    key: str
    reply: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    why: str = ""
    refused: bool = False
    unasked: bool = False


@dataclass(frozen=True, kw_only=True)
class SeenBatch:
    """A batch as the endpoint shows it: its name there, its state, what is answered, and the files of the answers.

    ``error`` says why it failed, in the server's words; ``full`` that it failed only since too much waits there.
    """

    remote: str
    state: BatchState
    done: int = 0
    failed: int = 0
    error: str = ""
    full: bool = False
    files: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


@dataclass(kw_only=True)
class BatchFile:
    """A file of requests as it is written, one a line, each under the key that its reply will be kept under."""

    out: IO[bytes]
    keys: dict[str, None] = field(default_factory=dict)
    size: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def fits(self, line: bytes) -> bool:
        """Whether there is room for the line."""
        return len(self.keys) < MOST_REQUESTS and self.size + len(line) <= MOST_BYTES

    def clear(self) -> None:
        """Begin another file in place of this one."""
        self.out.seek(0)
        self.out.truncate()
        self.keys, self.size, self.tokens_in, self.tokens_out = {}, 0, 0, 0

    def add(self, key: str, request: dict[str, Any], line: bytes) -> None:
        """Write a request's line, and count what it may be billed for."""
        tokens_in, tokens_out = most_tokens(request)
        self.out.write(line)
        self.keys[key] = None
        self.size += len(line)
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out


def batch_line(key: str, request: dict[str, Any]) -> bytes:
    """The line of a request in a batch's file."""
    asked = {"custom_id": key, "method": "POST", "url": PATH, "body": request}
    return json.dumps(asked, ensure_ascii=False).encode() + b"\n"


def seen_batch(found: dict[str, Any], url: str) -> SeenBatch:
    """A batch as the endpoint at ``url`` shows it; one in a state that OpenAI does not know is taken to be worked on.

    Raises UserError for what is no batch.
    """
    state = str(found.get("status")).lower()
    state = state if state in STATES else "in_progress"
    counts = found.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    errors = found["errors"].get("data") if isinstance(found.get("errors"), dict) else None
    errors = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    return SeenBatch(
        remote=name_in(found.get("id"), url),
        state=cast(BatchState, state),
        done=_whole(counts.get("completed")),
        failed=_whole(counts.get("failed")),
        error=one_line(errors[0].get("message")) if errors else "",
        full=any(each.get("code") == "token_limit_exceeded" for each in errors),
        files=tuple(name_in(found[each], url) for each in ("output_file_id", "error_file_id") if found.get(each)),
    )


def name_in(given: Any, url: str) -> str:
    """A name that the endpoint at ``url`` gave; it becomes a part of addresses, and is kept and shown."""
    name = given if isinstance(given, str) else ""
    if not re.fullmatch(r"[A-Za-z0-9][\w.:-]{0,199}", name, re.ASCII) or redact(name) != name:
        raise UserError(f"{url} gives a batch or a file no name that can be asked for: look into its log.")
    return name


def read_answer(line: bytes) -> BatchAnswer | None:
    """The answer that a line of a batch's output or errors gives; None for a line that speaks of no request of ours."""
    try:
        found = json.loads(line)
        key = found["custom_id"]
        if not re.fullmatch(r"[0-9a-f]{64}", key):
            return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    response = found.get("response")
    response = response if isinstance(response, dict) else {}
    status = response.get("status_code")
    if status == 200:
        try:
            reply, tokens_in, tokens_out = read_reply(json.dumps(response.get("body")).encode(), _NOTHING_SAID)
        except NoCompletionError:
            return BatchAnswer(key=key, why="The endpoint answered with something that is no chat completion.")
        kept = json.dumps(asdict(reply), ensure_ascii=False)
        return BatchAnswer(key=key, reply=kept, tokens_in=tokens_in, tokens_out=tokens_out)
    error = _error(found.get("error")) or _error(response.get("body"))
    said = one_line(error.get("message"))
    return BatchAnswer(
        key=key,
        why=f"The endpoint did not answer it{f': {said}' if said else '.'}",
        refused=status in NOT_THIS_ONE,
        unasked=error.get("code") in UNASKED,
    )


def one_line(said: Any) -> str:
    """A server's own words in one line, without keys and whatever looks like one."""
    return redact(" ".join(str(said or "").split()))[:LONGEST]


def _error(found: Any) -> dict[str, Any]:
    """The error in an answer's body, or the body itself where it is one."""
    inner = found.get("error", found) if isinstance(found, dict) else None
    return inner if isinstance(inner, dict) else {}


def _whole(given: Any) -> int:
    return given if isinstance(given, int) and 0 <= given <= 10**9 else 0
