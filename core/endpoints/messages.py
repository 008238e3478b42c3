"""Chat requests and replies as JSON: building, parsing, cache keys and token counts."""

import hashlib
import json
from dataclasses import dataclass
from math import isnan
from typing import Any

from core.endpoints.addresses import Endpoint
from core.endpoints.errors import NoCompletionError
from core.endpoints.prices import TOKENS_PER_IMAGE, estimate_tokens
from core.redaction import remove_secrets

Messages = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply: one text for each choice, and the (token, log-probability) pairs listed for the first token."""

    texts: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = ()


def chat_request(
    endpoint: Endpoint, messages: Messages, *, max_tokens: int, temperature: float = 0.0, top: int = 0, n: int = 1
) -> dict[str, Any]:
    """The body of a request for ``n`` choices with the ``top`` most likely first tokens (0: none requested)."""
    request: dict[str, Any] = {"model": endpoint.model, "messages": messages, "temperature": temperature}
    # OpenAI's newer models accept only the longer name, other servers often only the shorter.
    request["max_completion_tokens" if endpoint.is_openai else "max_tokens"] = max_tokens
    if top:
        request |= {"logprobs": True, "top_logprobs": top}
    if n > 1:
        request["n"] = n
    return request


def reply_key(endpoint: Endpoint, request: dict[str, Any], draw: int = 0) -> str:
    """The cache key of the reply to a request; ``draw`` distinguishes otherwise equal requests."""
    asked = {"url": endpoint.url, "draw": draw} | request
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse_kept_reply(text: str | None) -> Reply | None:
    """A reply from its stored form; None for None."""
    if text is None:
        return None
    kept = json.loads(text)
    return Reply(texts=tuple(kept["texts"]), top=tuple((token, value) for token, value in kept["top"]))


def read_reply(content: bytes, request: dict[str, Any]) -> tuple[Reply, int, int]:
    """The reply and its tokens in and out; estimated at four characters a token where the server does not count.

    Removes secrets, because a server may echo the key. Raises NoCompletionError when it is not a chat completion.
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
    tokens_in = int(usage.get("prompt_tokens") or estimate_tokens(*_request_texts(request)))
    tokens_out = int(usage.get("completion_tokens") or estimate_tokens(*texts))
    safe = Reply(
        texts=tuple(map(remove_secrets, texts)), top=tuple((remove_secrets(token), value) for token, value in top)
    )
    return safe, tokens_in, tokens_out


def max_billed_tokens(request: dict[str, Any]) -> tuple[int, int]:
    """The approximate tokens in, and the most tokens out, that the request may be billed for."""
    parts = [part for message in request["messages"] for part in message["content"] if isinstance(part, dict)]
    images = sum(part.get("type") == "image_url" for part in parts)
    longest = request.get("max_tokens") or request["max_completion_tokens"]
    return estimate_tokens(*_request_texts(request)) + TOKENS_PER_IMAGE * images, longest * request.get("n", 1)


def _request_texts(request: dict[str, Any]) -> list[str]:
    return [part for message in request["messages"] for part in _texts(message["content"])]


def _texts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [part.get("text", "") for part in content]
