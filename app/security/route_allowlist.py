"""Which paths are answered at all: those that the page asks for, out of the ninety that Gradio brings along.

Among the others are uploaded files as they came, a proxy, an editor of this program's code, and every handler once more
under a name. Knows paths only.
"""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.security.request_checks import http_only

PATHS = frozenset(
    {
        "/",
        "/config",
        "/theme.css",
        "/favicon.ico",
        "/robots.txt",
        "/gradio_api/app_id",
        "/gradio_api/cancel",
        "/gradio_api/info",
        "/gradio_api/queue/data",
        "/gradio_api/queue/join",
        "/gradio_api/run/predict",
        "/gradio_api/upload",
    }
)
FOLDERS = ("/assets/", "/static/", "/own/", "/image/", "/desk/", "/export/", "/pending/")


def reachable(app: ASGIApp) -> ASGIApp:
    """``app`` with nothing but what the page needs of it."""

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        if is_needed(scope["path"]):
            await app(scope, receive, send)
        else:
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)

    return http_only(app, reached)


def is_needed(path: str) -> bool:
    """Whether the page asks for this path."""
    return path in PATHS or path.startswith(FOLDERS)
