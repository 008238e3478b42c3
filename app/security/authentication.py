"""Nobody passes without a session: a gate before every route, of this app and of Gradio alike.

Once there is a login, or where the page is open to more than this machine, what carries no session is turned away here:
a page to the sign-in page, all else with 401. Gradio's own sign-in routes lie behind it. Knows no route's meaning.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.security.request_checks import http_only
from app.security.sessions import standing
from storage.database import Database

# Where a request's scope says who is signed in; only the gate writes it.
SIGNED_IN = "switchpoint.signed_in"


COOKIE = "switchpoint-session"
# Answered without a session, by ``own`` alone: whatever else lies behind these paths is out of reach.
OPEN = frozenset({"/login", "/logout", "/health", "/own/sign_in.css"})


def gate(app: ASGIApp, own: ASGIApp, db: Database, *, always: bool) -> ASGIApp:
    """``app`` behind the gate; ``own`` answers the open paths. ``always``: closed also when there is no login."""

    async def gated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in OPEN:
            await own(scope, receive, send)
            return
        request = Request(scope)
        found = await run_in_threadpool(standing, db, request.cookies.get(COOKIE, ""))
        if found.name:
            await app({**scope, SIGNED_IN: found.name}, receive, _forgotten(send))
        elif found.configured or always:
            await turned_away(request)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return http_only(app, gated)


def turned_away(request: Request) -> Response:
    """The answer to a request without a session: a person's browser is led to the sign-in page, and back later."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        query = request.scope["query_string"].decode("latin-1")
        wanted = safe_path(request.scope["path"] + (f"?{query}" if query else ""))
        return RedirectResponse("/login" + (f"?next={quote(wanted, safe='')}" if wanted != "/" else ""), 303)
    return PlainTextResponse("Sign in first: open this address in a browser.", 401, {"cache-control": "no-store"})


def safe_path(wanted: str) -> str:
    """Where to go after signing in: a path of this site, "/" for anything that could lead elsewhere."""
    elsewhere = not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted
    if elsewhere or not wanted.isprintable() or len(wanted) > 2000 or wanted.partition("?")[0] in OPEN:
        return "/"
    return wanted


def _forgotten(send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """Answers that a browser does not keep where they are pages: after signing out, Back shows nothing."""

    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
            message = {**message, "headers": headers.raw}
        await send(message)

    return sender
