"""The web server: FastAPI with the Gradio page and the routes in ``app.web.routes``, behind ``app.security``.

Loads no model library: only the worker needs one.
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

from app.backup.schedule import Schedule, backing_up
from app.imports.uploads import sweep_uploads
from app.processes.directory_lock import directory_lock
from app.processes.file_systems import network_warning, refuse_without_locks
from app.rendering.templates import render
from app.security.authentication import require_session
from app.security.http_protocol import Protocol
from app.security.request_checks import LOOPBACK, allowed_hosts, check_requests
from app.security.route_allowlist import allow_listed_paths
from app.settings import logs_folder
from app.web.login_page import sign_in_app
from app.web.page.gradio_offline import gr
from app.web.routes.actions import add_action_routes
from app.web.routes.downloads import add_download_routes
from app.web.routes.guide import add_guide_routes
from app.web.routes.images import add_image_routes
from app.web.routes.review_form import add_review_form_routes
from app.web.routes.static_files import ASSETS, SCRIPTS, add_static_routes, file_version
from app.web.routes.uploads import add_upload_routes
from app.web.ui import build, theme
from app.worker.supervisor import supervised
from core.errors import UserError
from storage import logins
from storage.database import Database, open_database
from storage.disk_reserve import fill_reserve

STYLES = ("style.css", "selection.css", "data.css")
# A fifth of Python's default, so that the page stays responsive while a thread reads a large file.
SWITCH_INTERVAL_SECONDS = 0.001


def serve(data: Path, host: str, port: int, names: Sequence[str] = (), schedule: Schedule | None = None) -> None:
    """Serve the page of a data directory until Ctrl-C, and keep a worker running for its jobs.

    ``names`` are further host names that it accepts. Raises UserError for a directory that is served already, for a
    port that is in use, and for an address that other machines can reach while there are no logins.
    """
    held = f"Switchpoint is open on {data} already: go to that window, or end that process first."
    refuse_without_locks(logs_folder(data))
    with directory_lock(logs_folder(data), held):
        _serve(data, host, port, names, schedule)


def _serve(data: Path, host: str, port: int, names: Sequence[str], schedule: Schedule | None) -> None:
    db = open_database(data)
    os.environ["GRADIO_TEMP_DIR"] = str(data / "uploads")
    try:
        _check_logins(db, host)
        sweep_uploads(db)
        fill_reserve(data)
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        listening = _listen(host, port)
        app = build_app(db, host, names)
        # The page lives as long as the process; without freezing it, garbage collection takes 0.2 s now and then.
        gc.collect()
        gc.freeze()
        if warning := network_warning(data):
            print(warning, flush=True)
        shown = f"[{host}]" if ":" in host else host
        print(
            f"Switchpoint is open at http://{shown}:{port}  (data in {data}; Ctrl-C ends the page, jobs go on)",
            flush=True,
        )
        config = uvicorn.Config(app, http=Protocol, ws="none", log_level="warning", timeout_graceful_shutdown=1)
        with supervised(db), backing_up(db, schedule), listening, suppress(KeyboardInterrupt):
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
    """All routes, without authentication and request checks; the Gradio page is mounted last, at "/"."""
    api = fastapi.FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_static_routes(api)
    add_image_routes(api, db)
    add_review_form_routes(api, db)
    add_download_routes(api, db)
    add_guide_routes(api)
    add_upload_routes(api, db)
    blocks, page = build(db)
    add_action_routes(api, page)
    blocks.has_launched = True  # makes Gradio check that a file named by a client was uploaded
    gr.mount_gradio_app(
        api,
        blocks,
        path="/",
        theme=theme(),
        css="".join((ASSETS / name).read_text() for name in STYLES),
        # A plain str: Gradio joins it with HTML of its own, which Markup would escape.
        head=str(render("page/scripts.html", scripts=[(name, file_version(name)) for name in SCRIPTS])),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        allowed_paths=[],
    )
    return api
