"""Lists every route of the app, in a separate process because building the app opens what only a server closes.

``python -m tests.security.routes DATA`` prints [kind, path, methods] of each as JSON.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
Pair = tuple[str, str, list[str]]


def pairs(routes: Sequence[BaseRoute], before: str = "") -> Iterator[Pair]:
    """Every route, also of mounted apps and files: its kind, path and methods."""
    for route in routes:
        path = before + getattr(route, "path", "")
        if isinstance(route, WebSocketRoute):
            yield "websocket", path, ["GET"]
        elif isinstance(route, Route):
            yield "http", path, sorted(route.methods or METHODS)
        elif isinstance(route, Mount):
            yield "mount", path + "/x", ["GET", "HEAD"]
            yield from pairs(route.routes, path)
        else:  # an included FastAPI router
            inner = getattr(route, "original_router", None)
            assert inner is not None, f"a kind of route that is not known: {route!r}"
            yield from pairs(inner.routes, before)


if __name__ == "__main__":
    from app.web.server import build_routes
    from storage.database import open_database

    print(json.dumps(list(pairs(build_routes(open_database(Path(sys.argv[1]))).routes))))
