"""A chat request and its reply as JSON, what a reply is kept under, and the tokens of both. Sends nothing."""

import hashlib
import json
from dataclasses import dataclass
from math import isnan
from typing import Any

from core.endpoints.addresses import Endpoint
from core.endpoints.errors import NoCompletionError
from core.endpoints.prices import TOKENS_AN_IMAGE, tokens_of
from core.redaction import remove_secrets

Messages = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: a text for each choice, and the (token, log-probability) pairs listed for the first token."""

    texts: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = ()


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


def read_reply(content: bytes, request: dict[str, Any]) -> tuple[Reply, int, int]:
    """The reply and its tokens in and out; where the server counts none, four characters are taken for one.

    A server may repeat the key that it was asked with, which is taken out before anybody keeps the reply. Raises
    NoCompletionError for what is no chat completion.
    """
    try:
        return _reply(json.loads(content), request)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise NoCompletionError from None


def _reply(body: Any, request: dict[str, Any]) -> tuple[Reply, int, int]:
    choices = body["choices"]
    texts = tuple(str(choice["message"].get("content") or "") for choice in choices)
    listed = ((choices[0].get("logprobs") or {}).get("content") or [{}])[0].get("top_logprobs") or []
    top = tuple((str(each["token"]), float(each["logprob"])) for each in listed)
    if any(isnan(value) for _, value in top):
        raise ValueError("a probability that is no number")
    usage = body.get("usage") or {}
    tokens_in = int(usage.get("prompt_tokens") or tokens_of(*_said(request)))
    tokens_out = int(usage.get("completion_tokens") or tokens_of(*texts))
    safe = Reply(
        texts=tuple(map(remove_secrets, texts)), top=tuple((remove_secrets(token), value) for token, value in top)
    )
    return safe, tokens_in, tokens_out


def most_tokens(request: dict[str, Any]) -> tuple[int, int]:
    """About the tokens in, and the most tokens out, that the request may be billed for."""
    parts = [part for message in request["messages"] for part in message["content"] if isinstance(part, dict)]
    images = sum(part.get("type") == "image_url" for part in parts)
    longest = request.get("max_tokens") or request["max_completion_tokens"]
    return tokens_of(*_said(request)) + TOKENS_AN_IMAGE * images, longest * request.get("n", 1)


def _said(request: dict[str, Any]) -> list[str]:
    return [part for message in request["messages"] for part in _texts(message["content"])]


def _texts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [part.get("text", "") for part in content]
