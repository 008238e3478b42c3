"""ASGI middleware that checks the host and the origin of every request.

The origin check refuses requests from pages of other sites and of other ports of this machine (CSRF); the host check
refuses requests under a host name that is not this server's (DNS rebinding).
"""

import re
import socket
from collections.abc import Iterable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.security.security_headers import with_security_headers

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# What a link on another site may open: as the page of a window only, not in a frame and not by a script.
LINKABLE_PATHS = frozenset({"/", "/login"})
UNKNOWN_HOST = (
    "Switchpoint does not answer under this host name: open it as http://127.0.0.1 through a tunnel, or start it with "
    "this name among SWITCHPOINT_NAMES."
)
FOREIGN_ORIGIN = (
    "Switchpoint answers its own page only. (Behind a proxy that speaks https, let that pass on X-Forwarded-Proto.)"
)
_HOST = re.compile(r"(?:\[([0-9a-f]*:[0-9a-f:.]*)\]|([^\s\[\]:/@?#,]+))(?::\d{1,5})?")


def allowed_hosts(bound: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The host names under which a server bound to ``bound`` answers; ``names`` are those of SWITCHPOINT_NAMES."""
    named = {each.strip("[]").lower() for each in names}
    if bound in LOOPBACK:
        return LOOPBACK | named
    return LOOPBACK | named | {each.lower() for each in (bound, socket.gethostname(), socket.getfqdn())}


def check_requests(app: ASGIApp, hosts: frozenset[str]) -> ASGIApp:
    """``app`` behind the host and origin checks, with the security headers on every answer; no websockets."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name = raw.decode("latin-1").lower()
            # A header that occurs twice is made invalid, so that neither value is trusted.
            headers[name] = value.decode("latin-1") if name not in headers else f"{headers[name]}, ..."
        known = hosts | _own_address(scope)
        refusal = refusal_reason(scope["method"], headers, known, scheme=scope["scheme"], path=scope["path"])
        answer = PlainTextResponse(refusal, 403) if refusal else app
        await answer(scope, receive, with_security_headers(send))

    return http_only(app, checked)


def http_only(app: ASGIApp, answer: ASGIApp) -> ASGIApp:
    """``answer`` for HTTP requests; ``app`` gets the lifespan events, and websockets are closed."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    return dispatch


def refusal_reason(
    method: str, headers: dict[str, str], hosts: frozenset[str], *, scheme: str = "http", path: str = "/"
) -> str:
    """Why a request is refused, "" when it may pass. ``headers`` have lower-case names."""
    host = headers.get("host", "").lower()
    found = _HOST.fullmatch(host)
    if not found or (found[1] or found[2]) not in hosts:
        return UNKNOWN_HOST
    origin = headers.get("origin")
    if origin is not None:
        return "" if origin.lower() == f"{scheme}://{host}" else FOREIGN_ORIGIN
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return ""
    # Browsers send no Origin with some cross-site requests; the Sec-Fetch headers say what these are.
    opened = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return "" if opened and method in ("GET", "HEAD") and path in LINKABLE_PATHS else FOREIGN_ORIGIN


def _own_address(scope: Scope) -> frozenset[str]:
    """The address at which the request arrived. It may be named as the host: DNS rebinding needs a name."""
    address = scope.get("server")
    return frozenset({str(address[0]).lower().removeprefix("::ffff:")} if address else ())
