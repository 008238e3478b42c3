"""Routes for the page's scripts and plotly.js."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

import fastapi
import plotly
from fastapi.responses import Response

from app.settings import PACKAGE_ROOT

ASSETS = PACKAGE_ROOT / "assets" / "web"
SCRIPTS = ("page.js", "plots.js", "review_form.js", "review.js", "selection.js", "data.js", "comparison.js", "keys.js")
IMMUTABLE = {"cache-control": "private, max-age=31536000, immutable"}


def add_static_routes(api: fastapi.FastAPI) -> None:
    """Add the routes ``/own/…``."""

    @api.get("/own/plotly.min.js")
    def plotly_script() -> Response:
        """plotly.js from the installed package, gzipped once: 1.5 MB instead of 4.8."""
        return Response(_plotly(), media_type="text/javascript", headers={"content-encoding": "gzip", **IMMUTABLE})

    @api.get("/own/{name}")
    def script(name: str) -> Response:
        """One of the page's scripts."""
        if name not in SCRIPTS:
            return Response("no such script", 404)
        return Response((ASSETS / name).read_bytes(), media_type="text/javascript", headers=IMMUTABLE)


@cache
def _plotly() -> bytes:
    return gzip.compress((Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes(), 6)


def file_version(name: str) -> str:
    """A hash of a script's content for its URL, so that it can be cached for ever."""
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]
