"""Money and endpoints on the Data tab: what was spent, the cap, and each model's price, address and key's variable.

Shown where a model of the project is behind an endpoint. Holds no key: only the name of the variable that does.
"""

from typing import Any

from app.endpoints.spending import spending
from app.projects.configuration import project_settings
from app.projects.settings_fields import SettingRow, behind_endpoint
from app.rendering.html import esc, table
from app.web.page.place import Place
from app.web.tabs.data.settings import SAVE, field_html
from core.endpoints.prices import in_dollars
from storage import store
from storage.database import Database

ABOUT = {
    "spend_cap": ("Cap, US dollars", "At it a job stops, with its work kept", "none"),
    "at_once": ("Requests at a time", "", ""),
    "timeout": ("Longest wait, seconds", "For one request", ""),
    "retries": ("Tries after a failure", "", ""),
}
OF_A_MODEL = {
    "base_url": ("Address", "Empty: as the name says", "http://host:port/v1"),
    "key_variable": ("Variable that holds its key", "Its name, never the key", "SWITCHPOINT_API_KEY_TEAM"),
    "price": ("US dollars per million tokens", "In, out", "0.15,0.60"),
}


def spending_html(db: Database, place: Place) -> str:
    """What the project has spent at endpoints, and the form of what it may; "" where all its models run here."""
    if not place.project:
        return ""
    with db.read() as connection:
        project = store.project_named(connection, place.project)
    there = [role for role in ("student", "teacher") if behind_endpoint(getattr(project, role))]
    spent = spending(db, place.project)
    if not there and not spent["models"]:
        return ""
    rows = {row.name: row for row in project_settings(db, place.project)}
    fields = "".join(
        field_html(rows[name], label, hint, example=example) for name, (label, hint, example) in ABOUT.items()
    )
    of_models = "".join(_model(role, getattr(project, role), rows) for role in there)
    return (
        '<section class="panel" aria-labelledby="spending-title"><h3 id="spending-title">Money and endpoints '
        f'<small class="subdued">{esc(_in_all(spent))}</small></h3>{_spent(spent)}'
        f'<form data-kept="spending:{esc(place.project)}" data-form="settings" autocomplete="off">'
        f'<div class="fields">{fields}{of_models}</div>{SAVE}</form></section>'
    )


def _model(role: str, model: str, rows: dict[str, SettingRow]) -> str:
    fields = "".join(
        field_html(rows[f"{role}.{name}"], label, hint, example=example, css="wide" if name == "base_url" else "")
        for name, (label, hint, example) in OF_A_MODEL.items()
    )
    return f'<p class="of-a-model"><b>{role.capitalize()}</b> <code>{esc(model, 200)}</code></p>{fields}'


def _in_all(spent: dict[str, Any]) -> str:
    cap = "no cap" if spent["cap"] is None else f"of a cap of {in_dollars(spent['cap'])}"
    return f"{in_dollars(spent['money'])} spent, {cap}"


def _spent(spent: dict[str, Any]) -> str:
    rows = [
        [
            f"<code>{esc(row['model'], 200)}</code>{_batched(row)}",
            *(f"{row[name]:,}" for name in ("requests", "tokens_in", "tokens_out")),
            "price not known" if row["money"] is None else f"{row['money']:,.4f}",
        ]
        for row in spent["models"]
    ]
    return table(["Model", "#Requests", "#Tokens in", "#Tokens out", "#US dollars"], rows) if rows else ""


def _batched(row: dict[str, Any]) -> str:
    """How many of the tokens came in batches, which may have cost less."""
    tokens = row["batch_in"] + row["batch_out"]
    return f' <small class="subdued">{tokens:,} tokens in batches</small>' if tokens else ""
