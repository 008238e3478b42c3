"""ASGI middleware that requires a session for every route, the app's own and Gradio's alike.

Applies once there is a login, or where the page is open to other machines. A browser without a session is redirected
to the sign-in page; any other client gets 401. Gradio's own sign-in routes lie behind it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.rendering.templates import render
from app.security.request_checks import http_only
from app.security.sessions import find_session
from core.errors import FolderError
from storage.database import Database

# The key in a request's ASGI scope that holds the name of who is signed in; written here only.
SIGNED_IN = "switchpoint.signed_in"
COOKIE = "switchpoint-session"
# Answered without a session, by ``open_app`` alone: the page's own routes at these paths are out of reach.
OPEN_PATHS = frozenset({"/login", "/logout", "/health", "/own/sign_in.css"})


def require_session(app: ASGIApp, open_app: ASGIApp, db: Database, *, always: bool) -> ASGIApp:
    """``app`` for requests with a session; ``open_app`` answers ``OPEN_PATHS``.

    While there is no login at all, ``app`` answers everyone, unless ``always``.
    """

    async def authenticated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in OPEN_PATHS:
            await open_app(scope, receive, send)
            return
        request = Request(scope)
        try:
            session = await run_in_threadpool(find_session, db, request.cookies.get(COOKIE, ""))
        except FolderError as error:  # who is signed in is not known, so nobody is
            await database_away(request, error)(scope, receive, send)
            return
        if session.name:
            await app({**scope, SIGNED_IN: session.name}, receive, _without_caching(send))
        elif session.configured or always:
            await ask_to_sign_in(request)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return http_only(app, authenticated)


def ask_to_sign_in(request: Request) -> Response:
    """The answer to a request without a session: a browser is redirected to the sign-in page, which leads back."""
    if _is_browser(request):
        query = request.scope["query_string"].decode("latin-1")
        wanted = safe_path(request.scope["path"] + (f"?{query}" if query else ""))
        return RedirectResponse("/login" + (f"?next={quote(wanted, safe='')}" if wanted != "/" else ""), 303)
    return PlainTextResponse("Sign in first: open this address in a browser.", 401, {"cache-control": "no-store"})


def database_away(request: Request, error: Exception) -> Response:
    """The answer while the database cannot be used: a page that looks again by itself, or the sentence alone."""
    headers = {"cache-control": "no-store", "retry-after": "3"}
    if _is_browser(request):
        return HTMLResponse(render("database_away.html", sentence=str(error)), 503, headers)
    return PlainTextResponse(str(error), 503, headers)


def _is_browser(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def safe_path(wanted: str) -> str:
    """Where to go after signing in: ``wanted`` if it is a path of this site, else "/" (no open redirects)."""
    elsewhere = not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted
    if elsewhere or not wanted.isprintable() or len(wanted) > 2000 or wanted.partition("?")[0] in OPEN_PATHS:
        return "/"
    return wanted


def _without_caching(send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """Mark pages as not to be stored: after signing out, the browser's Back button shows nothing."""

    async def sender(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
            message = {**message, "headers": headers.raw}
        await send(message)

    return sender
