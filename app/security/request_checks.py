"""What stands before every route: who may ask (host and origin) and what a browser may do with the answer (CSP).

A page on another site, or on another port of this machine, can neither ask anything here (origin check) nor reach this
server under a name of its own (DNS rebinding, host check). Knows nothing of what the routes do.
"""

import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Gradio compiles its templates with `new Function`, hence 'unsafe-eval'. Nothing inline runs, nothing leaves the host.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "form-action 'self'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", POLICY.encode()),
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# What a link on another site may open, as the page of a window and in no other way.
PAGES = frozenset({"/", "/login"})
OTHER_NAME = (
    "Switchpoint does not answer under this host name: open it as http://127.0.0.1 through a tunnel, or start it with "
    "this name among SWITCHPOINT_NAMES."
)
OTHER_PAGE = (
    "Switchpoint answers its own page only. (Behind a proxy that speaks https, let that pass on X-Forwarded-Proto.)"
)
_HOST = re.compile(r"(?:\[([0-9a-f]*:[0-9a-f:.]*)\]|([^\s\[\]:/@?#,]+))(?::\d{1,5})?")


def hosts_of(bound: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The host names under which this server answers when it is bound to ``bound``; ``names`` are a person's own."""
    named = {each.strip("[]").lower() for each in names}
    if bound in LOOPBACK:
        return LOOPBACK | named
    return LOOPBACK | named | {each.lower() for each in (bound, socket.gethostname(), socket.getfqdn())}


def guard(app: ASGIApp, hosts: frozenset[str]) -> ASGIApp:
    """``app`` behind the host and origin checks, with the policy on every answer; it has no websockets."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name = raw.decode("latin-1").lower()
            # Of two headers with one name neither is believed.
            headers[name] = value.decode("latin-1") if name not in headers else f"{headers[name]}, ..."
        known = hosts | _own_address(scope)
        refusal = refuse(scope["method"], headers, known, scheme=scope["scheme"], path=scope["path"])
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, _with_policy(send))
            return
        await app(scope, receive, _with_policy(send))

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


def refuse(
    method: str, headers: dict[str, str], hosts: frozenset[str], *, scheme: str = "http", path: str = "/"
) -> str:
    """Why a request is turned away, or "" when it may pass."""
    host = headers.get("host", "").lower()
    found = _HOST.fullmatch(host)
    if not found or (found[1] or found[2]) not in hosts:
        return OTHER_NAME
    origin = headers.get("origin")
    if origin is not None:
        return "" if origin.lower() == f"{scheme}://{host}" else OTHER_PAGE
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return ""
    # Browsers leave the origin out of some requests across sites, and say by other headers what they are.
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return "" if opened and method in ("GET", "HEAD") and path in PAGES else OTHER_PAGE


def _own_address(scope: Scope) -> frozenset[str]:
    """The address of this machine that the request came in at: a name may be led anywhere, an address may not."""
    address = scope.get("server")
    return frozenset({str(address[0]).lower().removeprefix("::ffff:")} if address else ())


def _with_policy(send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            # Gradio allows every other port of this machine to read its answers; nobody else's page may.
            kept = [each for each in message["headers"] if not each[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sender
