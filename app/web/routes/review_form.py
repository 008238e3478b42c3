"""Routes that the Review form calls while someone types: support samples for a skill, drafts, other δ and λ.

They answer in a few milliseconds because they bypass Gradio. They check all of their input, since any browser may send
it. They start no job and save no verdict.
"""

from collections.abc import Callable, Mapping
from typing import Any

import fastapi
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup

from app.projects.lookup import find_project, find_round
from app.reviews.threshold_preview import preview_thresholds
from app.selections.support_index import has_labels, indexed_support_if_ready, matches_of
from app.settings import AppSettings
from app.web.components.sample_cards import live_html
from app.web.page.place import reviewer_of, whole_number
from app.web.tabs.review.threshold_panel import effect_html
from core.errors import ConflictError, FolderError, UserError
from core.types import Draft
from storage import store
from storage.database import Database

TOP_K = 5
MAX_LENGTH = 400


def add_review_form_routes(api: fastapi.FastAPI, db: Database) -> None:
    """Add the routes ``/desk/hits``, ``/desk/reading`` and ``/desk/draft``."""
    default = AppSettings().reviewer

    @api.get("/desk/hits")
    def hits(project: str = "", skill: str = "") -> Response:
        """How many support samples match a skill, and the best of them, as HTML."""
        return answer_or_refuse(lambda: HTMLResponse(hits_html(db, project[:MAX_LENGTH], skill[:MAX_LENGTH])))

    @api.get("/desk/reading")
    def reading(project: str = "", round: int = 0, delta: float = 0.0, lam: int = 1) -> Response:
        """How δ and λ would change the round's diagnoses, as HTML."""
        if not (-1 <= delta < 1 and 1 <= lam <= 20):
            return Response("δ lies between −1 and 1, λ between 1 and 20.", 400)
        return answer_or_refuse(
            lambda: HTMLResponse(effect_html(preview_thresholds(db, project[:MAX_LENGTH], round, delta=delta, lam=lam)))
        )

    @api.post("/desk/draft")
    async def draft(request: fastapi.Request) -> Response:
        """Save what a person typed on a case, or delete it (``discard``)."""
        try:
            sent = await request.json()
        except (ValueError, UnicodeDecodeError):
            sent = None
        if not isinstance(sent, dict):
            return Response("A draft is one JSON object.", 400)
        reviewer = reviewer_of(request, default)
        return answer_or_refuse(lambda: JSONResponse({"saved": keep_draft(db, sent, reviewer)}))


def hits_html(db: Database, project: str, skill: str) -> Markup:
    """The line below the skill field that counts matching support samples, with the best of them as cards."""
    with db.read() as connection:
        found = find_project(connection, project)
        index = indexed_support_if_ready(connection, db, found.settings.support)
        if index is None:
            return live_html(None, {}, waiting=has_labels(connection, db, found.settings.support))
        offer = matches_of(index, skill, seed=found.settings.seed, limit=TOP_K)
        return live_html(offer, store.samples_by_id(connection, [hit.sample for hit in offer.hits]), waiting=False)


def keep_draft(db: Database, sent: Mapping[str, Any], reviewer: str) -> str:
    """Save or delete a draft; returns the time it was saved, "" when it was deleted.

    Raises ConflictError if the case got a verdict after the form was rendered, UserError for a malformed draft.
    """
    sample, number, seen = (whole_number(str(sent.get(name, ""))) for name in ("sample", "round", "seen"))
    if sample is None or number is None or seen is None:
        raise UserError("A draft names its project, round, sample and the newest review that was seen.")
    texts = {name: sent.get(name) or "" for name in ("skill", "note")}
    answer = sent.get("answer")
    if not all(isinstance(text, str) for text in (*texts.values(), answer or "")):
        raise UserError("Skill, note and answer of a draft are texts.")
    with db.write() as connection:
        round_ = find_round(connection, find_project(connection, str(sent.get("project", ""))[:MAX_LENGTH]), number)
        if sent.get("discard"):
            store.drop_draft(connection, round_.id, sample, reviewer)
            return ""
        if store.newest_review_id(connection, round_.id, sample) != seen:
            raise ConflictError("This case was decided in the meantime.")
        step = whole_number(str(sent.get("step", ""))) or None
        draft = Draft(round=round_.id, sample=sample, reviewer=reviewer, mistake_step=step, answer=answer, **texts)
        return store.save_draft(connection, draft).created


def answer_or_refuse(work: Callable[[], Response]) -> Response:
    """The response of ``work``: a ConflictError becomes a 409, a FolderError a 503, any other UserError a 400."""
    try:
        return work()
    except ConflictError as error:
        return Response(str(error), 409)
    except UserError as error:  # the message may contain a lone surrogate that was sent
        code = 503 if isinstance(error, FolderError) else 400
        return Response(str(error).encode("utf-8", "replace"), code, media_type="text/plain; charset=utf-8")
