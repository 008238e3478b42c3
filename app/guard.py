"""What stands before every route: who may ask (host and origin) and what a browser may do with the answer (CSP).

A page on another site can neither send commands here (origin check) nor reach this server under a name of its own (DNS
rebinding, host check). Knows nothing of what the routes do. Signing in comes with "Nothing lost, nobody in".
"""

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Gradio compiles its templates with `new Function`, hence 'unsafe-eval'. Nothing inline runs, nothing leaves the host.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'self'"
)
# An uploaded file is data: opened by its address it runs nothing and is nobody's page.
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def hosts_of(bound: str) -> frozenset[str]:
    """The host names under which this server answers when it is bound to ``bound``."""
    if bound in LOOPBACK:
        return LOOPBACK
    return LOOPBACK | {bound, socket.gethostname(), socket.getfqdn()}


def guard(app: ASGIApp, hosts: frozenset[str]) -> ASGIApp:
    """``app`` behind the host and origin checks, with the policy on every answer; it has no websockets."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = refuse(scope["method"], headers, hosts)
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, _with_policy(send, POLICY))
            return
        uploaded = scope["path"].startswith(("/gradio_api/file", "/file"))
        await app(scope, receive, _with_policy(send, FILE_POLICY if uploaded else POLICY))

    return http_only(app, guarded)


def http_only(app: ASGIApp, answer: ASGIApp) -> ASGIApp:
    """``answer`` for requests; ``app`` is told of its own start and end alone, and websockets are closed."""

    async def each(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    return each


def refuse(method: str, headers: dict[str, str], hosts: frozenset[str]) -> str:
    """Why a request is turned away, or "" when it may pass."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.strip("[]").lower() not in hosts:
        return "Switchpoint does not answer under this host name: open it as http://127.0.0.1 through a tunnel."
    if method in ("GET", "HEAD", "OPTIONS"):
        return ""
    origin = headers.get("origin")
    same = (
        origin.partition("://")[2] == host if origin else headers.get("sec-fetch-site") in (None, "same-origin", "none")
    )
    return "" if same else "Switchpoint takes commands only from its own page."


def _with_policy(send: Send, policy: str) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    own = (b"content-security-policy", policy.encode())

    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_HEADERS, own]}
        await send(message)

    return sender
