"""The gate on the Comparison tab: what it says of a round, the form that adopts it, and who adopted what before.

Reads rows and renders HTML; the rule is in ``app.comparisons.adoption``.
"""

from markupsafe import Markup
from sqlalchemy import Connection

from app.comparisons.adoption import MAX_REASON_LENGTH, check_gate
from app.rendering.templates import render
from core.errors import UserError
from storage import store
from storage.store import Project, Round

MAX_FINDINGS = 10
MAX_ADOPTIONS = 50


def gate_html(connection: Connection, project: Project, round_: Round) -> Markup:
    """The panel for a round: adopted already, or what the gate says and the way to adopt it."""
    adoptions = store.adoptions_of(connection, project.id)
    is_adopted = bool(adoptions) and adoptions[0].round == round_.id
    result, error = None, ""
    if not is_adopted:
        try:
            result = check_gate(connection, project, round_)
        except UserError as refusal:
            error = str(refusal)
    return render(
        "comparison/gate.html",
        round_=round_,
        is_adopted=is_adopted,
        result=result,
        error=error,
        adoptions=adoptions,
        numbers={each.id: each.number for each in store.rounds_of(connection, project.id)},
        max_shown=MAX_ADOPTIONS,
        max_findings=MAX_FINDINGS,
        max_reason_length=MAX_REASON_LENGTH,
    )
