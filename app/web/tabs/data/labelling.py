"""Labelling a support set on the Data tab: the ways to do it with their price, and the job or batches under way.

Asks no endpoint: the state of a batch is the one that a job saw last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from app.labels.batch_status import state_text
from app.labels.cost_estimate import LabelCost, label_cost
from app.projects.settings_fields import is_behind_endpoint
from app.rendering.templates import NOTHING, render
from app.web.page.place import Place
from core.endpoints.prices import batch_price_factor, format_dollars
from core.errors import UserError
from core.types import BatchRequest
from storage import jobs, store
from storage.database import Database
from storage.store import SupportSet


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to label a support set: its button with its ``data``, and what it takes (None while it is counted)."""

    label: str
    by: str
    questions: str | None
    tokens: str | None
    cost: str | None
    explanation: str
    data: Mapping[str, str] = field(default_factory=dict)


def labelling_html(db: Database, place: Place) -> Markup:
    """What labelling the support set in the URL would take, with the ways to do it; nothing if the URL has none.

    Fast: another thread counts the questions, and until then the page says that it is estimating.
    """
    name = place.choice("label")
    if not name or not place.project:
        return NOTHING
    with db.read() as connection:
        found = next((each for each in store.support_sets(connection) if each.name == name), None)
        active = [job for job in jobs.jobs_of(connection, limit=30) if job.kind == "label" and job.state in jobs.ACTIVE]
        batches = [each for each in store.batches_under_way(connection) if each.support == name]
        teacher = store.project_named(connection, place.project).teacher
    if found is None or (found.labelled == found.samples and not batches):
        return NOTHING
    job = next((job for job in active if job.args["support"] == name), None)
    shown: dict[str, Any] = {"job": job, "batches": NOTHING, "error": "", "ways": [], "spent": ""}
    if batches and not job:
        shown["batches"] = _batches_html(name, batches)
    elif not job:
        try:
            cost = label_cost(db, found, place.project)
            shown |= {"ways": _ways(found, cost, in_batches=is_behind_endpoint(teacher)), "spent": _spent(cost)}
        except UserError as error:
            shown["error"] = str(error)
    return render(
        "data/labelling.html",
        support=name,
        unlabelled=found.samples - found.labelled,
        close=place.link(label=None),
        **shown,
    )


def _batches_html(support: str, batches: Sequence[BatchRequest]) -> Markup:
    """The batches under way for the support set, oldest first, and the button that collects their answers."""
    shown = [(batch, state_text(batch)) for batch in batches]
    return render("data/batches.html", support=support, batches=shown, by=batches[-1].by)


def _ways(support: SupportSet, cost: LabelCost | None, *, in_batches: bool) -> list[Way]:
    """The ways to label: by sample and by group, one request at a time or, at an endpoint, in batches."""
    by_sample, by_group = (cost.by_sample, cost.by_group) if cost else (None, None)
    unlabelled = f"{support.samples - support.labelled:,}"
    ways, batched = [], []
    for by, estimate, questions, explanation in (
        ("sample", by_sample, unlabelled, "the teacher reads each one"),
        ("group", by_group, None, "one label for all that share a task and its instruction"),
    ):
        shown: dict[str, Any] = {"by": by, "questions": f"{estimate['items']:,}" if estimate else questions}
        shown["tokens"] = _tokens(estimate) if estimate else None
        cost_text = _cost_text(estimate) if estimate else None
        ways.append(Way(label=f"Label by {by}", cost=cost_text, explanation=explanation, **shown))
        batched.append(
            Way(
                label=f"By {by}, in batches",
                cost=_batch_cost_text(estimate) if estimate else None,
                explanation="the same labels, answered within a day",
                data={"batch": "yes"},
                **shown,
            )
        )
    return ways + batched if in_batches else ways


def _spent(cost: LabelCost | None) -> str:
    """What was spent so far, in a sentence; "" for a teacher on this machine."""
    if cost is None or not cost.by_sample["endpoint"]:
        return ""
    cap = cost.by_sample["cap"]
    limit = "no cap" if cap is None else f"a cap of {format_dollars(cap)}"
    return f"{format_dollars(cost.by_sample['spent'])} spent so far, {limit}."


def _tokens(estimate: Mapping[str, Any]) -> str:
    return f"{estimate['tokens_in']:,} · {estimate['tokens_out']:,}" if estimate["endpoint"] else "–"


def _cost_text(estimate: Mapping[str, Any]) -> str:
    if not estimate["endpoint"]:
        return "none: it runs here"
    return "price not known" if estimate["money"] is None else f"about {format_dollars(estimate['money'])}"


def _batch_cost_text(estimate: Mapping[str, Any]) -> str:
    if estimate["money"] is None:
        return "price not known"
    return f"about {format_dollars(estimate['money'] * batch_price_factor(estimate['model']))}"
