"""One chat request: its cached reply, else attempts with retries, what they cost, and whether the reply is whole.

Every attempt first asks ``Replies``, so that a spending cap or a cancelled job stops the work. Only a whole reply is
kept: every other one is counted, and asked for again by whoever asks again.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Protocol

import httpx2
from openai import APIError, APIStatusError, AsyncOpenAI

from core.endpoints.addresses import Endpoint
from core.endpoints.errors import (
    FailedError,
    IncompleteError,
    NoCompletionError,
    NotWholeError,
    explain,
    server_error,
)
from core.endpoints.messages import Messages, chat_request, max_billed_tokens, reply_key
from core.endpoints.quirks import Quirks
from core.endpoints.replies import ErrorBodyError, IsEnough, Reply, parse_kept_reply, read_reply
from core.endpoints.retries import may_be_billed, wait_before_next
from core.errors import UserError
from core.types import EndpointSettings

# After this many requests in a row have failed for good, the endpoint counts as down.
MAX_CONSECUTIVE_FAILURES = 10
# After this many in a row whose replies were not whole, the rest is not paid for.
MAX_CONSECUTIVE_INCOMPLETE = 32


class Replies(Protocol):
    """The cache of paid replies, and the meter of their tokens."""

    def get(self, key: str) -> str | None:
        """The cached reply for the key; None to send the request. Raises to stop the work when nothing more may be
        sent."""

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        """Store a reply (replacing an older one) and count its tokens, atomically."""

    def count_unanswered(self, tokens_in: int, tokens_out: int) -> None:
        """Count the largest cost of a request whose answer never arrived completely."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """The open connection of one ``EndpointClient.stream``: pending requests by key, and whether the stream has
    ended."""

    endpoint: Endpoint
    settings: EndpointSettings
    replies: Replies
    failures: list[FailedError]
    quirks: Quirks
    openai: AsyncOpenAI
    pending: dict[str, asyncio.Task[Reply]] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        top: int = 0,
        n: int = 1,
        draw: int = 0,
        listed: bool = False,
        is_enough: IsEnough | None = None,
    ) -> Reply:
        """One reply with ``n`` choices and the ``top`` most likely first tokens (0: none requested).

        ``draw`` distinguishes otherwise equal requests; ``listed`` rejects a reply without the tokens. Without ``top``
        at least one text is whole, or ``is_enough``. Raises RefusedError when the endpoint does not accept this
        request, IncompleteError when no text is whole, FailedError when every attempt failed, UserError when it accepts
        none.
        """
        request = chat_request(self.endpoint, messages, max_tokens=max_tokens, temperature=temperature, top=top, n=n)
        key = reply_key(self.endpoint, request, draw)  # of what is wanted, whatever the endpoint's quirks
        known = self._kept(key, top, is_enough)
        if known is not None:
            return known
        task = self.pending.get(key)  # equal requests are sent once
        if task is None:
            task = self.pending[key] = asyncio.ensure_future(self._send(key, request, listed, is_enough))
            task.add_done_callback(partial(self._forget, key))
        return await asyncio.shield(task)

    def kept(self, messages: Messages, *, max_tokens: int, temperature: float, n: int = 1, draw: int = 0) -> bool:
        """Whether the reply to this request is kept, so that asking costs nothing."""
        request = chat_request(self.endpoint, messages, max_tokens=max_tokens, temperature=temperature, n=n)
        return self._kept(reply_key(self.endpoint, request, draw), 0, None) is not None

    def _kept(self, key: str, top: int, is_enough: IsEnough | None) -> Reply | None:
        """The kept reply. Without tokens, ask again: the server may list them by now; and so without a whole text."""
        known = parse_kept_reply(self.replies.get(key))
        usable = known is not None and (known.top if top else known.whole(is_enough))
        return known if usable else None

    def _forget(self, key: str, task: asyncio.Task[Reply]) -> None:
        self.pending.pop(key)
        if not task.cancelled():
            task.exception()  # mark it as retrieved: the caller may have been cancelled

    async def _send(self, key: str, request: dict[str, Any], listed: bool, is_enough: IsEnough | None) -> Reply:
        try:
            reply, tokens_in, tokens_out = await self._send_with_retries(key, request, listed, is_enough)
        except FailedError as error:
            self._count_failure(error, request)
            raise
        self.failures.clear()
        self.replies.put(key, json.dumps(asdict(reply), ensure_ascii=False), tokens_in, tokens_out)
        return reply

    def _count_failure(self, error: FailedError, request: dict[str, Any]) -> None:
        """Raise UserError where too many requests in a row have failed."""
        incomplete = isinstance(error, IncompleteError)
        if request.get("n", 1) > 1 and not incomplete:
            return  # asked for one reply at a time, it may work
        self.failures.append(error)
        if len(self.failures) < (MAX_CONSECUTIVE_INCOMPLETE if incomplete else MAX_CONSECUTIVE_FAILURES):
            return
        raise UserError(f"{len(self.failures)} requests in a row failed, so no more are sent. {error}") from None

    async def _send_with_retries(
        self, key: str, request: dict[str, Any], listed: bool, is_enough: IsEnough | None
    ) -> tuple[Reply, int, int]:
        tried = 1
        while True:
            sent, billed = self.quirks.adapt(request), False
            try:
                found = read_reply(await self._post(sent), request)
                _check(found, request, listed, is_enough)
                return found
            except ErrorBodyError as failed:
                billed = failed.error.status >= 500  # begun, and perhaps failed behind some of its tokens
                error: Exception = failed.as_status_error(f"{self.endpoint.url}/chat/completions")
            except (APIError, NoCompletionError, NotWholeError, TimeoutError) as failed:
                error = failed
            if isinstance(error, APIStatusError) and (
                self.quirks.learn(server_error(error), sent) or self.quirks.adapt(request) != sent
            ):
                continue  # refused for what is left out from now on: that was no attempt
            if isinstance(error, NotWholeError):
                self.replies.count_unanswered(error.tokens_in, error.tokens_out)
            elif billed or may_be_billed(error):
                self.replies.count_unanswered(*max_billed_tokens(request))
            wait = None if tried > self.settings.retries else wait_before_next(error, tried)
            if wait is None or await self._wait_or_end(wait):
                # No cause: the server's message may contain the key.
                raise explain(error, self.endpoint, self.settings, tried) from None
            tried += 1
            self.replies.get(key)  # raises when nothing more may be sent

    async def _post(self, request: dict[str, Any]) -> bytes:
        try:
            # The OpenAI client's timeout restarts with every byte, and it accepts any JSON as a completion.
            async with asyncio.timeout(self.settings.timeout):
                return (await self.openai.post("/chat/completions", body=request, cast_to=httpx2.Response)).content
        except asyncio.CancelledError:
            self.replies.count_unanswered(*max_billed_tokens(request))
            raise

    async def _wait_or_end(self, wait: float) -> bool:
        """Wait that many seconds or until the stream ends; whether it has ended."""
        try:
            await asyncio.wait_for(self.ended.wait(), wait)
        except TimeoutError:
            return False
        return True


def _check(found: tuple[Reply, int, int], request: dict[str, Any], listed: bool, is_enough: IsEnough | None) -> None:
    """Raise NoCompletionError without the tokens that are needed, NotWholeError without a text that counts."""
    reply, tokens_in, tokens_out = found
    if listed and not reply.top:
        raise NoCompletionError(listed=False)
    if "top_logprobs" not in request and not reply.whole(is_enough):
        raise NotWholeError(reply.flaw(0), tokens_in, tokens_out)
