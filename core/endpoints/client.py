"""Asking a model behind an OpenAI-compatible endpoint: one chat request and its reply, kept, counted and tried again.

Here are the bound on what runs at once and on how long, the replies that were paid for already, and the tries: each is
asked for anew, so that a cap or a cancelled job ends them. Knows no prompt and no sample.
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
from core.endpoints.errors import FailedError, NoCompletionError, explained
from core.endpoints.messages import Messages, Reply, chat_request, kept_reply, most_tokens, read_reply, reply_key
from core.endpoints.retries import maybe_billed, wait_before_next
from core.errors import UserError
from core.types import EndpointSettings

Done = TypeVar("Done")
Work = Callable[["Line"], Awaitable[Done]]
LIST = 4  # so many times as many pieces as run at the same time make a list
CONNECT_SECONDS = 10.0
GRACE_SECONDS = 10.0
# So many requests one after the other that failed for good are no accident of one of them: the endpoint is down.
IN_A_ROW = 10
# What a request to another host than OpenAI's may carry. The client adds what it finds in OPENAI_ORG_ID,
# OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to every request, and these are meant for OpenAI.
HEADERS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent"}
)


class Replies(Protocol):
    """Replies that were paid for already, and the meter of what is paid."""

    def get(self, key: str) -> str | None:
        """The reply kept under the key, None: ask. Raises what ends the work where nothing more may be asked."""

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        """Keep a reply (in place of an older one) and count its tokens, both or neither."""

    def lost(self, tokens_in: int, tokens_out: int) -> None:
        """Count an answer that never came whole, at most as many tokens as it may be billed for."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """An endpoint with its key and settings. Connections live for one ``stream``, so nothing is left to close; the list
    of certificate authorities, which takes longer to read than a request, is read once."""

    endpoint: Endpoint
    key: str = field(repr=False)
    settings: EndpointSettings
    replies: Replies
    failed: list[FailedError] = field(default_factory=list, repr=False)  # since the newest reply
    authorities: ssl.SSLContext = field(default_factory=httpx2.create_ssl_context, repr=False)

    def run(self, work: Iterable[Work[Done]]) -> list[Done]:
        """All that ``stream`` gives, in one list."""
        return [each for some in self.stream(work) for each in some]

    def stream(self, work: Iterable[Work[Done]]) -> Generator[list[Done]]:
        """Do the work, at most ``at_once`` pieces at the same time; what it gives in the order of the work, some dozens
        a list, with the next list under way meanwhile. The first failure ends the rest.

        A piece asks one thing after the other, so that a server with few slots finds the beginning that it has cached.
        Raises UserError when the endpoint cannot be used, and whatever ``replies`` raise; a piece that can do without
        an answer catches RefusedError and FailedError, and the others go on.
        """
        lists = self._lists(iter(work))
        with asyncio.Runner() as runner:
            try:
                while found := runner.run(_next(lists)):
                    yield found
            finally:
                runner.run(lists.aclose())

    async def _lists(self, rest: Iterator[Work[Done]]) -> AsyncGenerator[list[Done]]:
        most = max(1, self.settings.at_once)
        size, gate = most * LIST, asyncio.Semaphore(most)
        async with self._client() as client:
            line = Line(asker=self, client=client)
            tasks: list[asyncio.Task[Done]] = []
            try:
                while True:
                    more = islice(rest, 2 * size - len(tasks))
                    tasks += [asyncio.create_task(_through(gate, each, line)) for each in more]
                    if not tasks:
                        return
                    found = await asyncio.gather(*tasks[:size])
                    del tasks[:size]
                    yield found
            finally:
                line.over.set()
                await _ended(tasks)
                # After a failure, what is under way is paid for all the same: it is waited for, kept and counted.
                if line.under_way:
                    await asyncio.wait(line.under_way.values(), timeout=GRACE_SECONDS)
                await _ended(list(line.under_way.values()))

    def _client(self) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=self.key,
            base_url=self.endpoint.url,
            max_retries=0,  # ours: see ``Line._tried``
            http_client=DefaultAsyncHttpxClient(
                timeout=httpx2.Timeout(self.settings.timeout, connect=CONNECT_SECONDS),
                verify=self.authorities,
                follow_redirects=False,  # to where neither the key nor the question was meant to go
                event_hooks={"request": [] if self.endpoint.is_openai else [self._strip]},
            ),
        )

    async def _strip(self, request: httpx2.Request) -> None:
        strip_headers(request, self.key)


def strip_headers(request: httpx2.Request, key: str) -> None:
    """Leave a request to another host than OpenAI's nothing but what such a one may carry, and that host's key."""
    for name in set(request.headers) - HEADERS:
        del request.headers[name]
    request.headers["authorization"] = f"Bearer {key}"


def connect(endpoint: Endpoint, settings: EndpointSettings, replies: Replies) -> Asker:
    """An endpoint ready to be asked; nothing is sent yet. Raises UserError where its key is missing."""
    return Asker(endpoint=endpoint, key=key_of(endpoint), settings=settings, replies=replies)


@dataclass(frozen=True, kw_only=True)
class Line:
    """The open connection of one ``stream``: what is asked right now, by its key, and whether the stream is over."""

    asker: Asker
    client: AsyncOpenAI
    under_way: dict[str, asyncio.Task[Reply]] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)

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
        """One reply of ``n`` choices with the ``top`` likeliest first tokens (0: none asked for).

        ``draw`` tells requests apart that are otherwise the same; ``listed`` takes no reply without the tokens. Raises
        RefusedError where the endpoint does not take this very request, FailedError where every try of it failed,
        UserError where it takes none.
        """
        endpoint = self.asker.endpoint
        request = chat_request(endpoint, messages, max_tokens=max_tokens, temperature=temperature, top=top, n=n)
        key = reply_key(endpoint, request, draw)
        known = kept_reply(self.asker.replies.get(key))
        if known is not None and (known.top or not top):
            return known  # A kept reply without a list would outlive a server that has learnt to give one.
        task = self.under_way.get(key)  # two samples that ask the same pay once
        if task is None:
            task = self.under_way[key] = asyncio.ensure_future(self._sent(key, request, listed))
            task.add_done_callback(partial(self._done, key))
        return await asyncio.shield(task)

    def _done(self, key: str, task: asyncio.Task[Reply]) -> None:
        self.under_way.pop(key)
        if not task.cancelled():
            task.exception()  # which whoever asked may be too far gone to take note of

    async def _sent(self, key: str, request: dict[str, Any], listed: bool) -> Reply:
        try:
            reply, tokens_in, tokens_out = await self._tried(key, request, listed)
        except FailedError as error:
            self.asker.failed.append(error)
            if len(self.asker.failed) < IN_A_ROW:
                raise
            raise UserError(f"{IN_A_ROW} requests in a row failed, so no more are sent. {error}") from None
        self.asker.failed.clear()
        self.asker.replies.put(key, json.dumps(asdict(reply), ensure_ascii=False), tokens_in, tokens_out)
        return reply

    async def _tried(self, key: str, request: dict[str, Any], listed: bool) -> tuple[Reply, int, int]:
        settings, replies = self.asker.settings, self.asker.replies
        for tried in count(1):
            try:
                found = read_reply(await self._answered(request), request)
                if listed and not found[0].top:
                    raise NoCompletionError(listed=False)
                return found
            except (APIError, NoCompletionError, TimeoutError) as failed:
                error = failed
            if maybe_billed(error):
                replies.lost(*most_tokens(request))
            wait = None if tried > settings.retries else wait_before_next(error, tried)
            if wait is None or await self._is_over(wait):
                # Without its cause: a server's own words may repeat the key.
                raise explained(error, self.asker.endpoint, settings, tried) from None
            replies.get(key)  # which raises where nothing more may be asked
        raise AssertionError("counting ended")

    async def _answered(self, request: dict[str, Any]) -> bytes:
        try:
            # The client's own limit is one for each byte; and it would take any JSON for a completion.
            async with asyncio.timeout(self.asker.settings.timeout):
                return (await self.client.post("/chat/completions", body=request, cast_to=httpx2.Response)).content
        except asyncio.CancelledError:
            self.asker.replies.lost(*most_tokens(request))
            raise

    async def _is_over(self, wait: float) -> bool:
        """Wait so many seconds, or until the stream is over; whether it is."""
        try:
            await asyncio.wait_for(self.over.wait(), wait)
        except TimeoutError:
            return False
        return True


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _next(lists: AsyncGenerator[list[Done]]) -> list[Done] | None:
    return await anext(lists, None)


async def _through(gate: asyncio.Semaphore, work: Work[Done], line: Line) -> Done:
    async with gate:
        return await work(line)
