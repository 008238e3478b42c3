"""Every route of the app as it is built, in a process of its own: building it opens what only a server would close.

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
    """Every route, those of mounted apps and files too: its kind, its path, and the methods it takes."""
    for route in routes:
        path = before + getattr(route, "path", "")
        if isinstance(route, WebSocketRoute):
            yield "websocket", path, ["GET"]
        elif isinstance(route, Route):
            yield "http", path, sorted(route.methods or METHODS)
        elif isinstance(route, Mount):
            yield "mount", path + "/x", ["GET", "HEAD"]
            yield from pairs(route.routes, path)
        else:  # FastAPI keeps routers that were included as they are
            inner = getattr(route, "original_router", None)
            assert inner is not None, f"a kind of route that is not known: {route!r}"
            yield from pairs(inner.routes, before)


if __name__ == "__main__":
    from app.web.server import build_routes
    from storage.database import open_database

    print(json.dumps(list(pairs(build_routes(open_database(Path(sys.argv[1]))).routes))))
