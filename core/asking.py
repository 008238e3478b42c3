"""Asking a model behind an OpenAI-compatible endpoint: one chat request and its reply, kept, counted and tried again.

The ``openai`` client tries again (Retry-After, else a growing wait with jitter); here are the bound on what runs at
once, the replies that were paid for already, and what a failure means to a person. Knows no prompt and no sample.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, TypeVar

import httpx2
from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient

from core.asking_errors import explained
from core.endpoints import Endpoint, key_of
from core.errors import UserError
from core.prices import tokens_of
from core.types import EndpointSettings

Done = TypeVar("Done")
Messages = list[dict[str, Any]]
CONNECT_SECONDS = 10.0
GRACE_SECONDS = 10.0
# What a request to another host than OpenAI's may carry. The client adds what it finds in OPENAI_ORG_ID,
# OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS to every request, and these are meant for OpenAI.
HEADERS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent"}
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: a text for each choice, and the (token, log-probability) pairs listed for the first token."""

    texts: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = ()


class Replies(Protocol):
    """Replies that were paid for already, and the meter of what is paid."""

    def get(self, key: str) -> str | None:
        """The reply kept under the key, None: ask. Raises what ends the work where nothing more may be asked."""

    def put(self, key: str, reply: str, tokens_in: int, tokens_out: int) -> None:
        """Keep a reply (in place of an older one) and count its tokens, both or neither."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """An endpoint with its key and settings. Connections live for one ``run``, so nothing is left to close."""

    endpoint: Endpoint
    key: str = field(repr=False)
    settings: EndpointSettings
    replies: Replies

    def run(self, work: Sequence[Callable[["Line"], Awaitable[Done]]]) -> list[Done]:
        """Do all of the work, at most ``at_once`` pieces at the same time; the first failure ends the rest.

        A piece asks one thing after the other, so that a server with few slots finds the beginning that it has cached.
        Raises UserError when the endpoint cannot be used, and whatever ``replies`` raise.
        """
        return asyncio.run(self._run(work))

    async def _run(self, work: Sequence[Callable[["Line"], Awaitable[Done]]]) -> list[Done]:
        async with AsyncOpenAI(
            api_key=self.key,
            base_url=self.endpoint.url,
            max_retries=self.settings.retries,
            http_client=DefaultAsyncHttpxClient(
                timeout=httpx2.Timeout(self.settings.timeout, connect=CONNECT_SECONDS),
                follow_redirects=False,  # to where neither the key nor the question was meant to go
                event_hooks={"request": [] if self.endpoint.is_openai else [self._strip]},
            ),
        ) as client:
            line = Line(asker=self, client=client)
            gate = asyncio.Semaphore(max(1, self.settings.at_once))
            tasks = [asyncio.ensure_future(_through(gate, each, line)) for each in work]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                await _ended(tasks)
                # After a failure, what is under way is paid for all the same: it is waited for, kept and counted.
                if line.under_way:
                    await asyncio.wait(line.under_way, timeout=GRACE_SECONDS)
                await _ended(line.under_way)

    async def _strip(self, request: httpx2.Request) -> None:
        for name in set(request.headers) - HEADERS:
            del request.headers[name]
        request.headers["authorization"] = f"Bearer {self.key}"


def connect(endpoint: Endpoint, settings: EndpointSettings, replies: Replies) -> Asker:
    """An endpoint ready to be asked; nothing is sent yet. Raises UserError where its key is missing."""
    return Asker(endpoint=endpoint, key=key_of(endpoint), settings=settings, replies=replies)


def chat_request(
    endpoint: Endpoint, messages: Messages, *, max_tokens: int, temperature: float = 0.0, top: int = 0, n: int = 1
) -> dict[str, Any]:
    """The body of a request for ``n`` choices with the ``top`` likeliest first tokens (0: none asked for)."""
    request: dict[str, Any] = {"model": endpoint.model, "messages": messages, "temperature": temperature}
    # OpenAI's newer models know only the longer name, other servers often only the shorter.
    request["max_completion_tokens" if endpoint.is_openai else "max_tokens"] = max_tokens
    if top:
        request |= {"logprobs": True, "top_logprobs": top}
    if n > 1:
        request["n"] = n
    return request


def reply_key(endpoint: Endpoint, request: dict[str, Any], draw: int = 0) -> str:
    """What the reply to a request is kept under; ``draw`` tells requests apart that are otherwise the same."""
    asked = {"url": endpoint.url, "draw": draw} | request
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def kept_reply(text: str | None) -> Reply | None:
    """A reply as it was kept; None where there is none."""
    if text is None:
        return None
    kept = json.loads(text)
    return Reply(texts=tuple(kept["texts"]), top=tuple((token, value) for token, value in kept["top"]))


@dataclass(frozen=True, kw_only=True)
class Line:
    """The open connection of one ``run``."""

    asker: Asker
    client: AsyncOpenAI
    under_way: set[asyncio.Task[Reply]] = field(default_factory=set)

    async def ask(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        top: int = 0,
        n: int = 1,
        draw: int = 0,
    ) -> Reply:
        """One reply of ``n`` choices with the ``top`` likeliest first tokens (0: none asked for).

        ``draw`` tells requests apart that are otherwise the same. Raises RefusedError where the endpoint does not take
        this very request, UserError where it takes none.
        """
        endpoint = self.asker.endpoint
        request = chat_request(endpoint, messages, max_tokens=max_tokens, temperature=temperature, top=top, n=n)
        key = reply_key(endpoint, request, draw)
        known = kept_reply(self.asker.replies.get(key))
        if known is not None and (known.top or not top):
            return known  # A kept reply without a list would outlive a server that has learnt to give one.
        task = asyncio.ensure_future(self._sent(key, request))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await asyncio.shield(task)

    async def _sent(self, key: str, request: dict[str, Any]) -> Reply:
        reply, tokens_in, tokens_out = await self._send(request)
        self.asker.replies.put(key, json.dumps(asdict(reply), ensure_ascii=False), tokens_in, tokens_out)
        return reply

    async def _send(self, request: dict[str, Any]) -> tuple[Reply, int, int]:
        try:
            # As it came: the client would take any JSON for a completion.
            body = (await self.client.post("/chat/completions", body=request, cast_to=httpx2.Response)).content
        except APIError as error:
            # Without its cause: a server's own words may repeat the key.
            raise explained(error, self.asker.endpoint, self.asker.key, self.asker.settings) from None
        try:
            return _read(json.loads(body), request)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise UserError(
                f"{self.asker.endpoint.url} answered with something that is no chat completion: check that it is the "
                "address of an OpenAI-compatible server, up to and with /v1."
            ) from None


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _through(gate: asyncio.Semaphore, work: Callable[[Line], Awaitable[Done]], line: Line) -> Done:
    async with gate:
        return await work(line)


def _read(body: Any, request: dict[str, Any]) -> tuple[Reply, int, int]:
    """The reply and its tokens in and out; where the server counts none, four characters are taken for one."""
    choices = body["choices"]
    texts = tuple(str(choice["message"].get("content") or "") for choice in choices)
    listed = ((choices[0].get("logprobs") or {}).get("content") or [{}])[0].get("top_logprobs") or []
    top = tuple((str(each["token"]), float(each["logprob"])) for each in listed)
    usage = body.get("usage") or {}
    said = [part for message in request["messages"] for part in _texts(message["content"])]
    tokens_in = int(usage.get("prompt_tokens") or tokens_of(*said))
    tokens_out = int(usage.get("completion_tokens") or tokens_of(*texts))
    return Reply(texts=texts, top=top), tokens_in, tokens_out


def _texts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [part.get("text", "") for part in content]
