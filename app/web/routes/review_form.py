"""What the Review form asks while someone types: support samples for a skill, a draft to keep, other δ and λ.

Small routes of their own: an answer in a few milliseconds, without the page's whole machinery. They take what any
browser may send, so everything is checked here. Knows the page's HTML pieces; starts no job and gives no verdict.
"""

from collections.abc import Mapping
from typing import Any

import fastapi
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.projects.lookup import find_project, find_round
from app.reviews.threshold_preview import readings
from app.selections.support_index import behind, has_labels, indexed_soon
from app.settings import AppSettings
from app.web.components.sample_cards import live_html
from app.web.page.place import reviewer_of, whole_number
from app.web.tabs.review.threshold_panel import effect_html
from core.errors import ConflictError, UserError
from core.types import Draft
from storage import store
from storage.database import Database

BEST = 5
LONGEST = 400


def add_desk(api: fastapi.FastAPI, db: Database) -> None:
    """Add the routes to the application."""
    default = AppSettings().reviewer

    @api.get("/desk/hits")
    def hits(project: str = "", skill: str = "") -> Response:
        """How many support samples match a skill, and the best five, as HTML."""
        return answer_or_refuse(lambda: HTMLResponse(hits_html(db, project[:LONGEST], skill[:LONGEST])))

    @api.get("/desk/reading")
    def reading(project: str = "", round: int = 0, delta: float = 0.0, lam: int = 1) -> Response:
        """What δ and λ would make of the round's curves, as HTML."""
        if not (-1 <= delta < 1 and 1 <= lam <= 20):
            return Response("δ lies between −1 and 1, λ between 1 and 20.", 400)
        return answer_or_refuse(
            lambda: HTMLResponse(effect_html(readings(db, project[:LONGEST], round, delta=delta, lam=lam)))
        )

    @api.post("/desk/draft")
    async def draft(request: fastapi.Request) -> Response:
        """Keep what a person typed on a case, or forget it (``discard``)."""
        try:
            sent = await request.json()
        except (ValueError, UnicodeDecodeError):
            sent = None
        if not isinstance(sent, dict):
            return Response("A draft is one JSON object.", 400)
        reviewer = reviewer_of(request, default)
        return answer_or_refuse(lambda: JSONResponse({"saved": keep_draft(db, sent, reviewer)}))


def hits_html(db: Database, project: str, skill: str) -> str:
    """The live line under the skill field, with its cards."""
    with db.read() as connection:
        found = find_project(connection, project)
        index = indexed_soon(connection, db, found.settings.support)
        if index is None:
            return live_html(None, {}, waiting=has_labels(connection, db, found.settings.support))
        offer = behind(index, skill, seed=found.settings.seed, limit=BEST)
        return live_html(offer, store.samples_by_id(connection, [hit.sample for hit in offer.hits]), waiting=False)


def keep_draft(db: Database, sent: Mapping[str, Any], reviewer: str) -> str:
    """Save or drop a draft; returns when it was saved, "" when it was dropped.

    Raises ConflictError where a verdict was given since the form was painted: the draft belongs to what is gone.
    """
    sample, number, seen = (whole_number(str(sent.get(name, ""))) for name in ("sample", "round", "seen"))
    if sample is None or number is None or seen is None:
        raise UserError("A draft names its project, round, sample and the newest review that was seen.")
    texts = {name: sent.get(name) or "" for name in ("skill", "note")}
    answer = sent.get("answer")
    if not all(isinstance(text, str) for text in (*texts.values(), answer or "")):
        raise UserError("Skill, note and answer of a draft are texts.")
    with db.write() as connection:
        at = find_round(connection, find_project(connection, str(sent.get("project", ""))[:LONGEST]), number)
        if sent.get("discard"):
            store.drop_draft(connection, at.id, sample, reviewer)
            return ""
        if store.newest_review(connection, at.id, sample) != seen:
            raise ConflictError("This case was decided in the meantime.")
        step = whole_number(str(sent.get("step", ""))) or None
        draft = Draft(round=at.id, sample=sample, reviewer=reviewer, mistake_step=step, answer=answer, **texts)
        return store.save_draft(connection, draft).created


def answer_or_refuse(work: Any) -> Response:
    try:
        answer: Response = work()
    except ConflictError as error:
        return Response(str(error), 409)
    except UserError as error:  # it may repeat half a character of what was sent
        return Response(str(error).encode("utf-8", "replace"), 400, media_type="text/plain; charset=utf-8")
    return answer
