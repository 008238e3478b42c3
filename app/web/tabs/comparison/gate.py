"""The gate on the Comparison tab: what it says of a round, the form that adopts it, and who adopted what before.

Reads rows and renders HTML; the rule stands in ``app.comparisons.adoption``.
"""

from sqlalchemy import Connection

from app.comparisons.adoption import MAX_REASON_LENGTH, GateResult, check_gate
from app.rendering.formatting import count
from app.rendering.html import clock, esc, short
from core.errors import UserError
from core.types import Adoption, RoundId
from storage import store
from storage.store import Project, Round

WHAT_IT_DOES = "The page then opens on it, and the next diagnosis and selection build on it."


def gate_html(connection: Connection, project: Project, round_: Round) -> str:
    """The panel for a round: adopted already, or what the gate says and the way to adopt it."""
    made = store.adoptions_of(connection, project.id)
    numbers = {each.id: each.number for each in store.rounds_of(connection, project.id)}
    history = _history(made, numbers)
    if made and made[0].round == round_.id:
        said = f"<h3>Round {round_.number} is adopted</h3><p>{_record(made[0], numbers)}</p>"
        return f'<section class="gate passed" data-adopted="{round_.number}">{said}{history}</section>'
    try:
        judged = check_gate(connection, project, round_)
    except UserError as error:
        return f'<section class="gate"><p class="subdued">{esc(error)}</p>{history}</section>'
    return (
        f'<section class="gate {"passed" if judged.gate.passed else "failed"}">{_verdict(judged)}'
        f"{_form(judged)}{history}</section>"
    )


def _verdict(judged: GateResult) -> str:
    sign = "✓ The gate lets it pass" if judged.gate.passed else "✗ The gate stops it"
    held = ""
    if judged.against is not None:
        on = f" on the {judged.role} set" if judged.role else ""
        held = f' <span class="subdued">Held against round {judged.against.number}{on}.</span>'
    findings = "".join(f'<li dir="auto">{esc(each, 600)}</li>' for each in judged.gate.findings[:10])
    more = len(judged.gate.findings) - 10
    findings += f"<li>… and {more} more</li>" if more > 0 else ""
    return f"<h3>Adopt round {judged.round.number}? {sign}{held}</h3><ul>{findings}</ul>"


def _form(judged: GateResult) -> str:
    number = judged.round.number
    hidden = f'<input type="hidden" name="round" value="{number}">'
    if judged.gate.passed:
        button = f'<button type="submit" class="button primary">Adopt round {number}</button>'
        return (
            f'<form data-form="adopt" data-round="{number}" class="row">{hidden}{button}'
            f'<span class="subdued">{WHAT_IT_DOES}</span></form>'
        )
    return (
        f'<form data-form="adopt" data-round="{number}" class="row">{hidden}<div class="field grow">'
        '<label for="adopt-reason">Why adopt it all the same?</label>'
        f'<input id="adopt-reason" name="reason" required maxlength="{MAX_REASON_LENGTH}" autocomplete="off" '
        f'dir="auto"></div><button type="submit" class="button">Adopt round {number} all the same</button></form>'
        f'<p class="subdued">{WHAT_IT_DOES} Your reason stays on record.</p>'
    )


def _history(made: list[Adoption], numbers: dict[RoundId, int]) -> str:
    if not made:
        return ""
    rows = "".join(
        f"<li><b>Round {numbers.get(each.round, '?')}</b> {_record(each, numbers)}</li>" for each in made[:50]
    )
    return (
        f'<details class="raw together" data-keep="adoptions"><summary>{count(len(made), "adoption")} so far</summary>'
        f"<ol>{rows}</ol></details>"
    )


def _record(each: Adoption, numbers: dict[RoundId, int]) -> str:
    """When and by whom, what the gate said then, and why it was passed over."""
    gate = "the gate let it pass" if each.passed else "against the gate"
    held = f", held against round {numbers[each.against]}" if each.against in numbers else ""
    reason = f': “<span dir="auto">{esc(each.reason, MAX_REASON_LENGTH)}</span>”' if each.reason else ""
    findings = f'<small class="subdued" dir="auto">{short(" ".join(each.findings), 600)}</small>'
    who = f'<span dir="auto">{short(each.reviewer, 60)}</span>'
    return f"<time>{clock(each.created)}</time> by {who}, {gate}{held}{reason}. {findings}"
