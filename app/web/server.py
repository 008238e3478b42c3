"""The web server: the Gradio page on FastAPI, with own routes for images, scripts and plotly, behind ``app.security``.

Loads no model library: everything that needs one is the worker's. Knows the page as a whole, none of its parts.
"""

import gc
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import fastapi
import uvicorn
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from app.imports.uploads import sweep_uploads
from app.security.authentication import require_session
from app.security.http_protocol import Protocol
from app.security.request_checks import LOOPBACK, allowed_hosts, check_requests
from app.security.route_allowlist import allow_listed_paths
from app.settings import logs_folder
from app.web.login_page import sign_in_app
from app.web.page.gradio_offline import gr
from app.web.routes.actions import add_acts
from app.web.routes.downloads import add_downloads
from app.web.routes.images import add_pictures
from app.web.routes.review_form import add_desk
from app.web.routes.static_files import ASSETS, SCRIPTS, add_static_routes, file_version
from app.web.ui import build, theme
from app.worker.supervisor import minded
from core.errors import UserError
from storage import logins
from storage.database import Database, open_database

STYLES = ("style.css", "selection.css", "data.css")
LARGEST_UPLOAD = "16gb"
# A thread that looks at a large file gives way to the page five times as often as it would by default.
TURN_SECONDS = 0.001


def serve(data: Path, host: str, port: int, names: Sequence[str] = ()) -> None:
    """Serve the page of a data directory until Ctrl-C, and mind that a worker runs for its jobs.

    ``names`` are further host names under which it answers.

    Raises UserError for an address that others reach while nobody has to sign in, and for one that is taken.
    """
    db = open_database(data)
    os.environ["GRADIO_TEMP_DIR"] = str(data / "uploads")
    logs_folder(data)
    try:
        _check_logins(db, host)
        sweep_uploads(db)
        sys.setswitchinterval(TURN_SECONDS)
        listening = _listen(host, port)
        app = build_app(db, host, names)
        # What is built stays: looking through all of it for garbage would hold an answer up by 0.2 s now and then.
        gc.collect()
        gc.freeze()
        shown = f"[{host}]" if ":" in host else host
        print(
            f"Switchpoint is open at http://{shown}:{port}  (data in {data}; Ctrl-C ends the page, jobs go on)",
            flush=True,
        )
        config = uvicorn.Config(app, http=Protocol, ws="none", log_level="warning", timeout_graceful_shutdown=1)
        with minded(db), listening, suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        db.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"Port {port} of {host[:80]} cannot be listened on ({said}): end what uses it, or name another with --port."
        ) from error


def _check_logins(db: Database, host: str) -> None:
    with db.read() as connection:
        if host not in LOOPBACK and not logins.list_logins(connection):
            raise UserError(
                f"Others can reach {host[:80]}, and nobody has to sign in: run `switchpoint login add NAME` first, or "
                "leave --host out and come through a tunnel."
            )


def build_app(db: Database, host: str = "127.0.0.1", names: Sequence[str] = ()) -> ASGIApp:
    """The whole application as ASGI: the allowed routes, behind authentication, behind the request checks."""
    authenticated = require_session(
        allow_listed_paths(build_routes(db)), sign_in_app(db), db, always=host not in LOOPBACK
    )
    # Errors of the authentication itself are answered inside of the request checks, so that they get its headers too.
    return check_requests(ServerErrorMiddleware(authenticated), allowed_hosts(host, names))


def build_routes(db: Database) -> fastapi.FastAPI:
    """Own routes first, then the Gradio page at "/"; nothing stands before them yet."""
    api = fastapi.FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_static_routes(api)
    add_pictures(api, db)
    add_desk(api, db)
    add_downloads(api, db)
    blocks, page = build(db)
    add_acts(api, page)
    blocks.has_launched = True  # Gradio's word for: check that a file which a client names was uploaded
    gr.mount_gradio_app(
        api,
        blocks,
        path="/",
        theme=theme(),
        css="".join((ASSETS / name).read_text() for name in STYLES),
        head="".join(f'<script src="/own/{name}?v={file_version(name)}" defer></script>' for name in SCRIPTS),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        allowed_paths=[],
    )
    return api
