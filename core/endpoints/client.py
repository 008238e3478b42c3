"""Send chat requests to a model behind an OpenAI-compatible endpoint, with concurrency, caching, metering and retries.

Every attempt first asks ``Replies``, so that a spending cap or a cancelled job stops the work.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count, islice
from typing import Any, Protocol, TypeVar

import httpx2
from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient

from core.endpoints.addresses import Endpoint, key_of
from core.endpoints.errors import FailedError, NoCompletionError, explain
from core.endpoints.messages import (
    Messages,
    Reply,
    chat_request,
    max_billed_tokens,
    parse_kept_reply,
    read_reply,
    reply_key,
)
from core.endpoints.retries import may_be_billed, wait_before_next
from core.errors import UserError
from core.types import EndpointSettings

T = TypeVar("T")
Request = Callable[["Session"], Awaitable[T]]
RESULTS_PER_SLOT = 4  # a list has this many results for each concurrent request
CONNECT_SECONDS = 10.0
GRACE_SECONDS = 10.0
# After this many requests in a row have failed for good, the endpoint counts as down.
MAX_CONSECUTIVE_FAILURES = 10
# Headers allowed in requests to hosts other than OpenAI's. The OpenAI client adds the values of OPENAI_ORG_ID,
# OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to every request, and these are meant for OpenAI only.
ALLOWED_HEADERS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent"}
)


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
class EndpointClient:
    """An endpoint with its key and settings.

    Connections live for one ``stream``, so that there is nothing to close. ``failures`` are those since the last reply.
    The list of certificate authorities takes longer to read than a request, and is read once.
    """

    endpoint: Endpoint
    key: str = field(repr=False)
    settings: EndpointSettings
    replies: Replies
    failures: list[FailedError] = field(default_factory=list, repr=False)
    authorities: ssl.SSLContext = field(default_factory=httpx2.create_ssl_context, repr=False)

    def run(self, requests: Iterable[Request[T]]) -> list[T]:
        """All results of ``stream`` in one list."""
        return [each for some in self.stream(requests) for each in some]

    def stream(self, requests: Iterable[Request[T]]) -> Generator[list[T]]:
        """Run the requests, at most ``at_once`` concurrently; their results in order, in lists of a few dozen, with the
        next list already in progress. The first exception cancels the rest.

        A request may send several messages one after the other, so that a server with few slots finds its cached
        prefix. Raises UserError when the endpoint cannot be used, and whatever ``replies`` raises; a request that can
        do without an answer catches RefusedError and FailedError itself.
        """
        lists = self._results(iter(requests))
        with asyncio.Runner() as runner:
            try:
                while found := runner.run(_next(lists)):
                    yield found
            finally:
                runner.run(lists.aclose())

    async def _results(self, rest: Iterator[Request[T]]) -> AsyncGenerator[list[T]]:
        max_concurrent = max(1, self.settings.at_once)
        size, semaphore = max_concurrent * RESULTS_PER_SLOT, asyncio.Semaphore(max_concurrent)
        async with self._client() as openai:
            session = Session(client=self, openai=openai)
            tasks: list[asyncio.Task[T]] = []
            try:
                while True:
                    more = islice(rest, 2 * size - len(tasks))
                    tasks += [asyncio.create_task(_run_in_slot(semaphore, each, session)) for each in more]
                    if not tasks:
                        return
                    found = await asyncio.gather(*tasks[:size])
                    del tasks[:size]
                    yield found
            finally:
                session.ended.set()
                await _cancel_all(tasks)
                # Pending requests are billed even after a failure, so wait for them, store and count them.
                if session.pending:
                    await asyncio.wait(session.pending.values(), timeout=GRACE_SECONDS)
                await _cancel_all(list(session.pending.values()))

    def _client(self) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=self.key,
            base_url=self.endpoint.url,
            max_retries=0,  # retries are in ``Session._send_with_retries``
            http_client=DefaultAsyncHttpxClient(
                timeout=httpx2.Timeout(self.settings.timeout, connect=CONNECT_SECONDS),
                verify=self.authorities,
                follow_redirects=False,  # neither key nor question may go to another address
                event_hooks={"request": [] if self.endpoint.is_openai else [self._strip]},
            ),
        )

    async def _strip(self, request: httpx2.Request) -> None:
        strip_headers(request, self.key)


def strip_headers(request: httpx2.Request, key: str) -> None:
    """Remove all headers that only OpenAI may see from a request to another host, and set that host's key."""
    for name in set(request.headers) - ALLOWED_HEADERS:
        del request.headers[name]
    request.headers["authorization"] = f"Bearer {key}"


def connect(endpoint: Endpoint, settings: EndpointSettings, replies: Replies) -> EndpointClient:
    """A client for the endpoint; sends nothing yet. Raises UserError when its key is missing."""
    return EndpointClient(endpoint=endpoint, key=key_of(endpoint), settings=settings, replies=replies)


@dataclass(frozen=True, kw_only=True)
class Session:
    """The open connection of one ``stream``: pending requests by key, and whether the stream has ended."""

    client: EndpointClient
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
    ) -> Reply:
        """One reply with ``n`` choices and the ``top`` most likely first tokens (0: none requested).

        ``draw`` distinguishes otherwise equal requests; ``listed`` rejects a reply without the tokens. Raises
        RefusedError when the endpoint does not accept this request, FailedError when every attempt failed, UserError
        when it accepts none.
        """
        endpoint = self.client.endpoint
        request = chat_request(endpoint, messages, max_tokens=max_tokens, temperature=temperature, top=top, n=n)
        key = reply_key(endpoint, request, draw)
        known = parse_kept_reply(self.client.replies.get(key))
        if known is not None and (known.top or not top):
            return known  # without tokens, ask again: the server may list them by now
        task = self.pending.get(key)  # equal requests are sent once
        if task is None:
            task = self.pending[key] = asyncio.ensure_future(self._send(key, request, listed))
            task.add_done_callback(partial(self._forget, key))
        return await asyncio.shield(task)

    def _forget(self, key: str, task: asyncio.Task[Reply]) -> None:
        self.pending.pop(key)
        if not task.cancelled():
            task.exception()  # mark it as retrieved: the caller may have been cancelled

    async def _send(self, key: str, request: dict[str, Any], listed: bool) -> Reply:
        try:
            reply, tokens_in, tokens_out = await self._send_with_retries(key, request, listed)
        except FailedError as error:
            self.client.failures.append(error)
            if len(self.client.failures) < MAX_CONSECUTIVE_FAILURES:
                raise
            raise UserError(
                f"{MAX_CONSECUTIVE_FAILURES} requests in a row failed, so no more are sent. {error}"
            ) from None
        self.client.failures.clear()
        self.client.replies.put(key, json.dumps(asdict(reply), ensure_ascii=False), tokens_in, tokens_out)
        return reply

    async def _send_with_retries(self, key: str, request: dict[str, Any], listed: bool) -> tuple[Reply, int, int]:
        settings, replies = self.client.settings, self.client.replies
        for tried in count(1):
            try:
                found = read_reply(await self._post(request), request)
                if listed and not found[0].top:
                    raise NoCompletionError(listed=False)
                return found
            except (APIError, NoCompletionError, TimeoutError) as failed:
                error = failed
            if may_be_billed(error):
                replies.count_unanswered(*max_billed_tokens(request))
            wait = None if tried > settings.retries else wait_before_next(error, tried)
            if wait is None or await self._wait_or_end(wait):
                # No cause: the server's message may contain the key.
                raise explain(error, self.client.endpoint, settings, tried) from None
            replies.get(key)  # raises when nothing more may be sent
        raise AssertionError("counting ended")

    async def _post(self, request: dict[str, Any]) -> bytes:
        try:
            # The OpenAI client's timeout restarts with every byte, and it accepts any JSON as a completion.
            async with asyncio.timeout(self.client.settings.timeout):
                return (await self.openai.post("/chat/completions", body=request, cast_to=httpx2.Response)).content
        except asyncio.CancelledError:
            self.client.replies.count_unanswered(*max_billed_tokens(request))
            raise

    async def _wait_or_end(self, wait: float) -> bool:
        """Wait that many seconds or until the stream ends; whether it has ended."""
        try:
            await asyncio.wait_for(self.ended.wait(), wait)
        except TimeoutError:
            return False
        return True


async def _cancel_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _next(lists: AsyncGenerator[list[T]]) -> list[T] | None:
    return await anext(lists, None)


async def _run_in_slot(semaphore: asyncio.Semaphore, request: Request[T], session: Session) -> T:
    async with semaphore:
        return await request(session)
