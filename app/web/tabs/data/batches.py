"""Labelling in batches on the Data tab: what is under way for a support set, and what handing its questions in costs.

Shows rows and asks no endpoint: how a batch stands is as it was when a job looked last.
"""

from collections.abc import Sequence
from typing import Any

from app.labels.batch_labelling import state_text
from app.rendering.formatting import count
from app.rendering.html import clock, command, esc, table
from core.endpoints.prices import batch_price_factor, format_dollars
from core.types import BatchRequest

WITHIN = "the same labels, answered within a day"


def batch_row(name: str, by: str, questions: str, of: dict[str, Any] | None) -> list[str]:
    """The way to hand the questions in, as a row beside those of asking one by one; ``of``: what those come to."""
    waits = '<span class="subdued">estimating …</span>'
    tokens = f"{of['tokens_in']:,} · {of['tokens_out']:,}" if of else waits
    if of is None:
        dollars = waits
    elif of["money"] is None:
        dollars = "price not known"
    else:
        dollars = f"about {format_dollars(of['money'] * batch_price_factor(of['model']))}"
    button = command("label", f"By {by}, in batches", "button", support=name, by=by, batch="yes")
    return [button, questions, tokens, dollars, WITHIN]


def under_way_html(name: str, waiting: Sequence[BatchRequest]) -> str:
    """The batches that are under way for the set, oldest first, and the button that collects what is ready of them."""
    rows = [
        [
            f"{batch.id}",
            f"<code>{esc(batch.model, 80)}</code>",
            esc(state_text(batch), 300),
            f"{batch.requests:,}",
            f"{batch.done:,}",
            clock(batch.created),
        ]
        for batch in waiting
    ]
    head = ["Batch", "Model", "State when last looked at", "#Questions", "#Answered", "Handed in"]
    collect = command("label", "Collect what is ready", "button primary", support=name, by=waiting[-1].by, batch="yes")
    said = (
        f"{count(len(waiting), 'batch', 'batches')} under way. Collecting also hands in what came back without an "
        "answer; <code>switchpoint batches --cancel</code> ends one."
    )
    return f'{table(head, rows, "sets")}<div class="row">{collect}<span class="subdued">{said}</span></div>'
