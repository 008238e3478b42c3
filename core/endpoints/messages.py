"""Chat requests as JSON: building them, the cache keys of their replies, and token counts."""

import hashlib
import json
from typing import Any

from core.endpoints.addresses import Endpoint
from core.endpoints.prices import TOKENS_PER_IMAGE, estimate_tokens

Messages = list[dict[str, Any]]


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


def max_billed_tokens(request: dict[str, Any]) -> tuple[int, int]:
    """The approximate tokens in, and the most tokens out, that the request may be billed for."""
    parts = [part for message in request["messages"] for part in message["content"] if isinstance(part, dict)]
    images = sum(part.get("type") == "image_url" for part in parts)
    longest = request.get("max_tokens") or request["max_completion_tokens"]
    return estimate_tokens(*request_texts(request)) + TOKENS_PER_IMAGE * images, longest * request.get("n", 1)


def request_texts(request: dict[str, Any]) -> list[str]:
    """Every text of a request's messages."""
    return [part for message in request["messages"] for part in _texts(message["content"])]


def _texts(content: Any) -> list[str]:
    return [content] if isinstance(content, str) else [part.get("text", "") for part in content]
