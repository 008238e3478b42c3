"""The headers of every answer: the content security policy (CSP), and what else a browser may do with an answer."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.types import Send

# Gradio compiles its templates with `new Function`, hence 'unsafe-eval'. No inline script runs, no other host is asked.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'self'"
)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
)


def with_security_headers(send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """``send`` that adds the security headers to every answer and drops Gradio's CORS headers."""

    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            # Gradio's CORS headers let pages of every other port of this machine read its answers.
            kept = [each for each in message["headers"] if not each[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": [*kept, *SECURITY_HEADERS]}
        await send(message)

    return sender
