"""The routes for frequent actions on the page, and for the change stamp that the page polls."""

import json

import fastapi
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from app.web.page.change_stamp import stamp
from app.web.page.handlers import Page, find_place
from app.web.routes.review_form import answer_or_refuse


def add_action_routes(api: fastapi.FastAPI, page: Page) -> None:
    """Add the routes; their query is that of the page's own URL."""

    @api.get("/desk/stamp")
    def stamp_now(request: fastapi.Request) -> Response:
        """A short text that changes whenever rows that the page shows have changed."""
        return answer_or_refuse(lambda: PlainTextResponse(stamp(page.db, find_place(page.db, request.query_params))))

    @api.post("/desk/act")
    async def act(request: fastapi.Request) -> Response:
        """Carry out one of ``Page.actions``; returns the new HTML of the parts that change, by name."""
        try:
            sent = await request.json()
        except (ValueError, UnicodeDecodeError, RecursionError):
            sent = None
        parts = await run_in_threadpool(page.run_action, request, sent)
        return Response(json.dumps(parts).encode(), media_type="application/json")
