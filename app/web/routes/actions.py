"""The route of every action on the page, and the change stamp that the page polls."""

import json

import fastapi
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from app.web.page.change_stamp import stamp
from app.web.page.handlers import Page, find_place
from app.web.routes.review_form import answer_or_refuse


def add_acts(api: fastapi.FastAPI, page: Page) -> None:
    """Add the route of what a person does on a case; the page is named by the query, as in its own address."""

    @api.get("/desk/stamp")
    def seen(request: fastapi.Request) -> Response:
        """A short text that changes whenever what the page shows has changed."""
        return answer_or_refuse(lambda: PlainTextResponse(stamp(page.db, find_place(page.db, request.query_params))))

    @api.post("/desk/act")
    async def act(request: fastapi.Request) -> Response:
        """Open a case, decide it, move on: the answer holds the new values of the parts that change, by name."""
        try:
            sent = await request.json()
        except (ValueError, UnicodeDecodeError, RecursionError):
            sent = None
        parts = await run_in_threadpool(page.act, request, sent)
        return Response(json.dumps(parts).encode(), media_type="application/json")
