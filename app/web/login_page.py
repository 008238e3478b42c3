"""Routes for signing in and out: an HTML page without scripts, and the session cookie.

They are open to anyone, so no answer reveals which names exist, and at most ``MAX_FORM_BYTES`` of a request are read.
"""

from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.rendering.templates import render
from app.security.authentication import COOKIE, database_away, safe_path
from app.security.sessions import (
    MAX_NAME_LENGTH,
    SESSION_SECONDS,
    TooManyAttemptsError,
    find_session,
    sign_in,
    sign_out,
)
from app.settings import PACKAGE_ROOT
from core.errors import FolderError
from storage.database import Database

STYLE = PACKAGE_ROOT / "assets" / "web" / "sign_in.css"
MAX_FORM_BYTES = 16_384
SIGN_IN_REFUSED = "Name and password do not fit: try again."
# Each password hash takes 32 MB: guessing passwords must not slow the machine down for others.
MAX_CONCURRENT_HASHES = 2


def sign_in_app(db: Database) -> Starlette:
    """The application for requests without a session."""
    limiter = CapacityLimiter(MAX_CONCURRENT_HASHES)

    async def form(request: Request) -> Response:
        wanted = safe_path(request.query_params.get("next", "/"))
        found = await to_thread.run_sync(find_session, db, request.cookies.get(COOKIE, ""))
        return RedirectResponse(wanted, 303) if found.name else page(wanted=wanted)

    async def enter(request: Request) -> Response:
        return await _sign_in(db, request, limiter)

    async def leave(request: Request) -> Response:
        await to_thread.run_sync(sign_out, db, request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_https(request))
        return answer

    async def style(_: Request) -> Response:
        return Response(STYLE.read_bytes(), media_type="text/css", headers={"cache-control": "max-age=3600"})

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/login", form, methods=["GET"]),
            Route("/login", enter, methods=["POST"]),
            Route("/logout", leave, methods=["POST"]),
            Route("/own/sign_in.css", style),
            Route("/health", health),
        ],
        exception_handlers={FolderError: database_away},
    )


async def _sign_in(db: Database, request: Request, limiter: CapacityLimiter) -> Response:
    sent = await _form_fields(request)
    if sent is None:
        return PlainTextResponse("A sign-in form is at most 16 kB of name and password.", 413)
    name, wanted = sent.get("name", "")[:MAX_NAME_LENGTH], safe_path(sent.get("next", "/"))
    address = request.client.host if request.client else ""
    try:
        token = await to_thread.run_sync(sign_in, db, name, sent.get("password", ""), address, limiter=limiter)
    except TooManyAttemptsError as error:
        return page(str(error), name=name, wanted=wanted, status=429, wait=error.seconds)
    if token is None:
        return page(SIGN_IN_REFUSED, name=name, wanted=wanted, status=401)
    answer = RedirectResponse(wanted, 303)
    answer.set_cookie(
        COOKIE, token, max_age=round(SESSION_SECONDS), httponly=True, samesite="strict", secure=_is_https(request)
    )
    return answer


def page(error: str = "", *, name: str = "", wanted: str = "/", status: int = 200, wait: int = 0) -> Response:
    """The sign-in page; ``error`` is one sentence, ``wait`` seconds until the next attempt."""
    made = render("login_page.html", error=error, name=name, wanted=wanted, max_name_length=MAX_NAME_LENGTH)
    headers = {"cache-control": "no-store"} | ({"retry-after": str(wait)} if wait else {})
    return HTMLResponse(made, status, headers)


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https"


async def _form_fields(request: Request) -> dict[str, str] | None:
    """The fields of a form; None if it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        sent = parse_qs(body.decode("latin-1"), max_num_fields=10, errors="replace")
    except ValueError:
        return {}
    return {field: values[0] for field, values in sent.items()}
