"""Send chat requests to a model behind an OpenAI-compatible endpoint: connections, and many requests at once.

One request, with its cache, meter and retries, is in ``core.endpoints.session``.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from core.endpoints.addresses import Endpoint, key_of
from core.endpoints.errors import FailedError
from core.endpoints.quirks import Quirks
from core.endpoints.session import Replies, Session
from core.types import EndpointSettings

T = TypeVar("T")
Request = Callable[[Session], Awaitable[T]]
RESULTS_PER_SLOT = 4  # a list has this many results for each concurrent request
CONNECT_SECONDS = 10.0
GRACE_SECONDS = 10.0
# Headers allowed in requests to hosts other than OpenAI's. The OpenAI client adds the values of OPENAI_ORG_ID,
# OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to every request, and these are meant for OpenAI only.
ALLOWED_HEADERS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent"}
)


@dataclass(frozen=True, kw_only=True)
class EndpointClient:
    """An endpoint with its key and settings.

    Connections live for one ``stream``, so that there is nothing to close. ``failures`` are those since the last reply,
    ``quirks`` what the endpoint was found not to take.
    The list of certificate authorities takes longer to read than a request, and is read once.
    """

    endpoint: Endpoint
    key: str = field(repr=False)
    settings: EndpointSettings
    replies: Replies
    failures: list[FailedError] = field(default_factory=list, repr=False)
    quirks: Quirks = field(default_factory=Quirks, repr=False)
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
            session = Session(
                endpoint=self.endpoint,
                settings=self.settings,
                replies=self.replies,
                failures=self.failures,
                quirks=self.quirks,
                openai=openai,
            )
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
            max_retries=0,  # retries are in ``core.endpoints.session``
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


async def _cancel_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _next(lists: AsyncGenerator[list[T]]) -> list[T] | None:
    return await anext(lists, None)


async def _run_in_slot(semaphore: asyncio.Semaphore, request: Request[T], session: Session) -> T:
    async with semaphore:
        return await request(session)
