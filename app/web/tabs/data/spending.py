"""Spending and endpoints on the Data tab: what was spent, the cap, and each model's address, key variable and price.

Shown if a model of the project is behind an endpoint. Keys are never shown, only the variables that hold them.
"""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.endpoints.spending import spending
from app.projects.configuration import project_settings
from app.projects.settings_fields import SettingRow, is_behind_endpoint
from app.rendering.templates import NOTHING, render
from app.web.page.place import Place
from app.web.tabs.data.settings import SettingField
from core.endpoints.prices import format_dollars
from storage import store
from storage.database import Database

# Label, hint and example of each field: of the project, and of each of its models behind an endpoint.
ABOUT = {
    "spend_cap": ("Cap, US dollars", "At it a job stops, with its work kept", "none"),
    "at_once": ("Requests at a time", "", ""),
    "timeout": ("Longest wait, seconds", "For one request", ""),
    "retries": ("Tries after a failure", "", ""),
}
ABOUT_ENDPOINT = {
    "base_url": ("Address", "Empty: as the name says", "http://host:port/v1"),
    "key_variable": ("Variable that holds its key", "Its name, never the key", "SWITCHPOINT_API_KEY_TEAM"),
    "price": ("US dollars per million tokens", "In, out", "0.15,0.60"),
}


@dataclass(frozen=True, kw_only=True)
class EndpointFields:
    """The fields of the model ``name``, which is the project's ``role``."""

    role: str
    name: str
    fields: list[SettingField]


def spending_html(db: Database, place: Place) -> Markup:
    """What the project has spent at endpoints, and the form; nothing if all its models run on this machine."""
    if not place.project:
        return NOTHING
    with db.read() as connection:
        project = store.project_named(connection, place.project)
    models = {"student": project.student, "teacher": project.teacher}
    spent = spending(db, place.project)
    if not any(map(is_behind_endpoint, models.values())) and not spent["models"]:
        return NOTHING
    rows = {row.name: row for row in project_settings(db, place.project)}
    return render(
        "data/spending.html",
        project=place.project,
        summary=_summary(spent),
        rows=spent["models"],
        fields=[
            SettingField(row=rows[name], label=label, hint=hint, example=example)
            for name, (label, hint, example) in ABOUT.items()
        ],
        models=[_model_fields(role, name, rows) for role, name in models.items() if is_behind_endpoint(name)],
    )


def _model_fields(role: str, model: str, rows: dict[str, SettingRow]) -> EndpointFields:
    fields = [
        SettingField(
            row=rows[f"{role}.{name}"],
            label=label,
            hint=hint,
            example=example,
            css="wide" if name == "base_url" else "",
        )
        for name, (label, hint, example) in ABOUT_ENDPOINT.items()
    ]
    return EndpointFields(role=role, name=model, fields=fields)


def _summary(spent: dict[str, Any]) -> str:
    cap = "no cap" if spent["cap"] is None else f"of a cap of {format_dollars(spent['cap'])}"
    return f"{format_dollars(spent['money'])} spent, {cap}"
