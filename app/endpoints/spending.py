"""The cost of models behind endpoints: estimates before a job, spending, prices and the cap.

Calls no endpoint. Money is in US dollars, computed from counted tokens at the current prices.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from app.endpoints.metered_models import votes_known
from app.projects.lookup import find_project, find_round, newest_round, teaching_project
from core.endpoints.addresses import parse_endpoint
from core.endpoints.prices import (
    TOKENS_PER_IMAGE,
    Estimate,
    batch_price_factor,
    cost_of,
    dollars,
    estimate_tokens,
    format_dollars,
    price_of,
)
from core.errors import UserError
from core.prompts import student_prompt
from core.teacher.estimate import estimate_diagnoses, estimate_labels
from core.types import Role, Sample, Spent
from storage import store
from storage.database import Database
from storage.store import Project

TOKENS_PER_RATIONALE = 120
SAMPLE_SIZE = 1000


def estimate_diagnose(db: Database, project: str, *, round_number: int | None = None) -> dict[str, Any]:
    """The cost of diagnosing the round's undiagnosed errors, at most.

    "votes" says whether the teacher votes (None: not known yet).
    """
    with db.read() as connection:
        found = find_project(connection, project)
        missing = store.missing_diagnoses(connection, find_round(connection, found, round_number).id)
    votes = votes_known(db, found)
    total = estimate_diagnoses(missing, found.settings, votes=bool(votes))
    extra = {"votes": votes, "replies_a_step": found.settings.endpoint.votes}
    return _shown(db, found, found.teacher, len(missing), total) | extra


def estimate_label(
    db: Database,
    support: str = "",
    *,
    project: str = "",
    calls: int,
    samples: Sequence[Sample] = (),
    batch: bool = False,
) -> dict[str, Any]:
    """The cost of ``calls`` label requests to the project's teacher, at most, estimated from unlabelled ``samples``
    (default: the first SAMPLE_SIZE). ``batch``: at the price of batches."""
    with db.read() as connection:
        found = teaching_project(connection, project)
        name = store.named_support_set(connection, support or found.settings.support)
        samples = samples or store.missing_labels(connection, name, limit=SAMPLE_SIZE)
    total = estimate_labels(samples, found.settings)
    scale = calls / max(1, len(samples))
    scaled = replace(
        total, requests=calls, tokens_in=round(total.tokens_in * scale), tokens_out=round(total.tokens_out * scale)
    )
    shown = _shown(db, found, found.teacher, calls, scaled)
    if batch and shown["money"] is not None:
        shown["money"] *= batch_price_factor(found.teacher)
    return shown


def estimate_predict(
    db: Database, project: str, *, round_number: int | None = None, roles: Sequence[Role] = ("validation", "test")
) -> dict[str, Any]:
    """The cost of the missing predictions of an endpoint student, with a rough cost per image."""
    with db.read() as connection:
        found = find_project(connection, project)
        round_ = (
            newest_round(connection, found) if round_number is None else find_round(connection, found, round_number)
        )
        missing = [each for role in roles for each in store.missing_predictions(connection, round_.id, role)]
    total = Estimate(
        requests=len(missing),
        tokens_in=sum(
            estimate_tokens(student_prompt(each, found.settings)) + TOKENS_PER_IMAGE * bool(each.image)
            for each in missing
        ),
        tokens_out=len(missing) * min(TOKENS_PER_RATIONALE, found.settings.max_new_tokens),
    )
    return _shown(db, found, found.student, len(missing), total)


def spending(db: Database, project: str) -> dict[str, Any]:
    """The project's spending by model and in total, and its cap."""
    with db.read() as connection:
        found = find_project(connection, project)
        rows = [asdict(each) for each in store.spending_of(connection, found.id)]
    settings = found.settings.endpoint
    for row in rows:
        row |= {"money": cost_of(Spent(**row), settings), "price": price_of(row["model"], settings)}
    return {"models": rows, "money": sum(row["money"] or 0.0 for row in rows), "cap": settings.spend_cap}


def set_spending(
    db: Database,
    project: str,
    *,
    cap: float | None = None,
    no_cap: bool = False,
    prices: Sequence[tuple[str, float, float]] = (),
) -> None:
    """Set or remove the project's cap (US dollars in total), and set prices of models (per million tokens in and
    out)."""
    amounts = [*([] if cap is None else [cap]), *(amount for price in prices for amount in price[1:])]
    if not all(0 <= amount < math.inf for amount in amounts):
        raise UserError("A cap and a price are amounts of US dollars, 0 or more.")
    with db.write() as connection:
        found = find_project(connection, project)
        old = found.settings.endpoint
        named = {price[0] for price in prices}
        changed = replace(
            old,
            spend_cap=None if no_cap else old.spend_cap if cap is None else cap,
            prices=(*(price for price in old.prices if price[0] not in named), *prices),
        )
        store.save_settings(connection, found.id, replace(found.settings, endpoint=changed))


def estimate_text(shown: dict[str, Any]) -> str:
    """An estimate in a sentence or two."""
    if not shown["endpoint"]:
        return f"{shown['model']} runs on this machine: {shown['items']:,} items, no requests and no cost."
    cost = "its price is not known" if shown["money"] is None else f"about {format_dollars(shown['money'])}"
    text = (
        f"{shown['items']:,} items: {shown['requests']:,} requests to {shown['model']}, about {shown['tokens_in']:,} "
        f"tokens in and {shown['tokens_out']:,} out, {cost}. Spent so far: {format_dollars(shown['spent'])}"
    )
    text += f" of a cap of {format_dollars(shown['cap'])}." if shown["cap"] is not None else ", no cap is set."
    return text + _votes_text(shown)


def _votes_text(shown: dict[str, Any]) -> str:
    """A remark on the cost of a teacher that votes or may vote; "" for others."""
    replies = f"{shown.get('replies_a_step')} sampled replies a step"
    if shown.get("votes", False) is None:
        return f" Not asked yet: should it give no log-probabilities, {replies} would stand in, at a higher cost."
    if shown.get("votes", False):
        return f" It gives no log-probabilities, so {replies} are counted in; a teacher that thinks first costs more."
    return ""


def _shown(db: Database, project: Project, model: str, items: int, total: Estimate) -> dict[str, Any]:
    is_endpoint = parse_endpoint(model) is not None
    total = total if is_endpoint else Estimate()
    cost = dollars(model, total.tokens_in, total.tokens_out, project.settings.endpoint) if is_endpoint else 0.0
    so_far = spending(db, project.name)
    extra = {"model": model, "endpoint": is_endpoint, "items": items, "money": cost}
    return extra | asdict(total) | {"spent": so_far["money"], "cap": so_far["cap"]}
