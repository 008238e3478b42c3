"""The paths that are answered at all: those that the page requests, out of about ninety that Gradio serves.

The others include uploaded files as they came, a proxy, an editor of this program's code, and every handler a second
time under an API name. Files are uploaded by a route of our own.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.security.request_checks import http_only

ALLOWED_PATHS = frozenset(
    {
        "/",
        "/config",
        "/theme.css",
        "/favicon.ico",
        "/guide",
        "/robots.txt",
        "/gradio_api/app_id",
        "/gradio_api/cancel",
        "/gradio_api/info",
        "/gradio_api/queue/data",
        "/gradio_api/queue/join",
        "/gradio_api/run/predict",
    }
)
ALLOWED_PREFIXES = ("/assets/", "/static/", "/own/", "/image/", "/desk/", "/export/", "/pending/", "/guide/")


def allow_listed_paths(app: ASGIApp) -> ASGIApp:
    """``app`` for the allowed paths, 404 for any other."""

    async def allowed(scope: Scope, receive: Receive, send: Send) -> None:
        if is_allowed(scope["path"]):
            await app(scope, receive, send)
        else:
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)

    return http_only(app, allowed)


def is_allowed(path: str) -> bool:
    """Whether the path is answered."""
    return path in ALLOWED_PATHS or path.startswith(ALLOWED_PREFIXES)
