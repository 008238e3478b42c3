"""The file formats of the Batch API: one request a line up, one answer a line down, and a batch's status.

Includes OpenAI's limits, and validates what a server returns.
"""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from typing import IO, Any, Literal, cast, get_args

from core.endpoints.errors import MAX_MESSAGE_CHARS, REQUEST_REFUSED_STATUSES, NoCompletionError, explain_flaw
from core.endpoints.messages import max_billed_tokens
from core.endpoints.replies import EMPTY, ErrorBodyError, IsEnough, read_reply
from core.endpoints.wire_format.server_errors import ServerError, read_error
from core.errors import UserError
from core.redaction import redact
from core.types import BatchState

# OpenAI's limits are 50,000 requests and 200 MB a file (API reference as of 2026-11-26).
MAX_REQUESTS = 50_000
MAX_BYTES = 190_000_000
CHAT_PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
REMOTE_STATES = get_args(BatchState)[2:]
ENDED_STATES = ("completed", "failed", "expired", "cancelled")
UNPROCESSED_CODES = ("batch_expired", "batch_cancelled")
_NO_MESSAGES: dict[str, Any] = {"messages": []}


@dataclass(frozen=True, kw_only=True)
class BatchAnswer:
    """The answer to one request: a ``reply`` in the form it is stored, with its tokens (``tokens_in`` 0: not counted),
    or the reason ``why`` there is none.

    ``refused``: the endpoint does not accept this request, or would give no whole reply again; ``unasked``: it was
    never processed. ``is_billed``: there is a reply, though none that counts, and its tokens are billed. ``error`` is
    what the endpoint says in place of a reply.
    """

    key: str
    reply: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    why: str = ""
    refused: bool = False
    unasked: bool = False
    is_billed: bool = False
    error: ServerError | None = None


@dataclass(frozen=True, kw_only=True)
class BatchStatus:
    """A batch as the endpoint reports it: its id there, its state, its counts, and the files of its answers.

    ``error`` is why it failed, in the server's words; ``full`` is True when it failed only because too much is queued
    there.
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
        """Whether it is in a final state."""
        return self.state in ENDED_STATES


@dataclass(kw_only=True)
class BatchFile:
    """A file of requests being written, one a line, each under the key that its reply will be stored under."""

    out: IO[bytes]
    keys: dict[str, None] = field(default_factory=dict)
    size: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def fits(self, line: bytes) -> bool:
        """Whether there is room for the line."""
        return len(self.keys) < MAX_REQUESTS and self.size + len(line) <= MAX_BYTES

    def clear(self) -> None:
        """Start a new file in place of this one."""
        self.out.seek(0)
        self.out.truncate()
        self.keys, self.size, self.tokens_in, self.tokens_out = {}, 0, 0, 0

    def add(self, key: str, request: dict[str, Any], line: bytes) -> None:
        """Write a request's line and count the tokens it may be billed for."""
        tokens_in, tokens_out = max_billed_tokens(request)
        self.out.write(line)
        self.keys[key] = None
        self.size += len(line)
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out


def batch_line(key: str, request: dict[str, Any]) -> bytes:
    """A request as a line of a batch's file."""
    asked = {"custom_id": key, "method": "POST", "url": CHAT_PATH, "body": request}
    return json.dumps(asked, ensure_ascii=False).encode() + b"\n"


def parse_batch(found: dict[str, Any], url: str) -> BatchStatus:
    """The status of a batch as the endpoint at ``url`` reports it; a state unknown to OpenAI counts as in progress.

    Raises UserError when it is not a batch.
    """
    state = str(found.get("status")).lower()
    state = state if state in REMOTE_STATES else "in_progress"
    counts = found.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    errors = found["errors"].get("data") if isinstance(found.get("errors"), dict) else None
    errors = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    return BatchStatus(
        remote=checked_name(found.get("id"), url),
        state=cast(BatchState, state),
        done=_count_in(counts.get("completed")),
        failed=_count_in(counts.get("failed")),
        error=_one_line(errors[0].get("message")) if errors else "",
        full=any(each.get("code") == "token_limit_exceeded" for each in errors),
        files=tuple(checked_name(found[each], url) for each in ("output_file_id", "error_file_id") if found.get(each)),
    )


def checked_name(given: Any, url: str) -> str:
    """An id given by the endpoint at ``url``, safe to use in URLs, store and show. Raises UserError for any other."""
    name = given if isinstance(given, str) else ""
    if not re.fullmatch(r"[A-Za-z0-9][\w.:-]{0,199}", name, re.ASCII) or redact(name) != name:
        raise UserError(f"{url} gives a batch or a file no name that can be asked for: look into its log.")
    return name


def parse_answer_line(line: bytes, is_enough: IsEnough | None = None) -> BatchAnswer | None:
    """The answer in a line of a batch's output or error file; None for a line that answers no request of ours.

    A reply counts where its text is whole, or cut off and ``is_enough``.
    """
    try:
        found = json.loads(line)
        key = found["custom_id"]
        if not re.fullmatch(r"[0-9a-f]{64}", key):
            return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    response = found.get("response")
    response = response if isinstance(response, dict) else {}
    status, body = response.get("status_code"), response.get("body")
    if str(status) == "200":
        try:
            return _answer(key, body, is_enough)
        except NoCompletionError:
            why = "The endpoint answered with something that is no chat completion."
            return BatchAnswer(key=key, why=why, is_billed=True)
        except ErrorBodyError as failed:
            error = failed.error
            status = error.status
    else:
        error = read_error(found.get("error") or body, status if isinstance(status, int) else 0)
    message = redact(error.text)[:MAX_MESSAGE_CHARS]
    return BatchAnswer(
        key=key,
        why=f"The endpoint did not answer it{f': {message}' if message else '.'}",
        refused=status in REQUEST_REFUSED_STATUSES,
        unasked=error.code in UNPROCESSED_CODES,
        error=error,
    )


def _answer(key: str, body: Any, is_enough: IsEnough | None) -> BatchAnswer:
    reply, tokens_in, tokens_out = read_reply(json.dumps(body).encode(), _NO_MESSAGES)
    counted = BatchAnswer(key=key, tokens_in=tokens_in, tokens_out=tokens_out)
    if reply.whole(is_enough):
        return replace(counted, reply=json.dumps(asdict(reply), ensure_ascii=False))
    flaw = reply.flaw(0)
    return replace(counted, why=f"The endpoint {explain_flaw(flaw)}.", refused=flaw != EMPTY, is_billed=True)


def _one_line(text: Any) -> str:
    """A server's message on one line, redacted and shortened."""
    return redact(" ".join(str(text or "").split()))[:MAX_MESSAGE_CHARS]


def _count_in(given: Any) -> int:
    return given if isinstance(given, int) and 0 <= given <= 10**9 else 0
