"""A project's settings on the Data tab: how its student is run and what is measured, as one form.

The browser keeps what was typed and not saved. Spending and endpoints are in ``spending``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.projects.configuration import project_settings
from app.projects.settings_fields import SettingRow, held_reason, is_behind_endpoint
from app.rendering.templates import NOTHING, render
from app.web.page.handlers import text_in
from app.web.page.place import Place
from core.errors import UserError
from storage import store
from storage.database import Database

MAX_LENGTH = 1000
CHOICES = {
    "dtype": (("auto", "auto"), ("bf16", "bf16"), ("fp16", "fp16"), ("fp32", "fp32")),
    "device_map": (("one", "one device"), ("auto", "spread over all devices")),
}
# Label and hint of each field; the command line explains them at more length.
ABOUT = {
    "dtype": ("Number format", "auto: bf16 on a GPU, fp32 without"),
    "device_map": ("Place", "Spread it where one GPU is too small"),
    "batch_size": ("Batch size", "Samples answered at a time"),
    "max_new_tokens": ("Longest reply, tokens", ""),
    "min_pixels": ("Least pixels of an image", "0: as its makers set it"),
    "max_pixels": ("Most pixels of an image", "0: as its makers set it"),
    "longest_side": ("Longest side of an image, pixels", "Larger ones are shrunk; 0: never"),
    "prior": ("Prior of the right answer", "What the teacher is told before the steps"),
    "support": ("Support set to draw from", ""),
}
LOCAL_ONLY = ("dtype", "device_map", "batch_size", "min_pixels", "max_pixels")


@dataclass(frozen=True, kw_only=True)
class SettingField:
    """A setting as a labelled field: a select if it has ``choices`` (pairs of value and text), else a text field."""

    row: SettingRow
    label: str
    hint: str
    choices: Sequence[tuple[str, str]] = ()
    css: str = ""
    example: str = ""
    max_length: int = MAX_LENGTH


def settings_html(db: Database, place: Place) -> Markup:
    """The form; settings that the project's rows depend on are disabled."""
    if not place.project:
        return NOTHING
    rows = {row.name: row for row in project_settings(db, place.project)}
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        supports = [each.name for each in store.support_sets(connection)]
    names = [name for name in ABOUT if not (is_behind_endpoint(project.student) and name in LOCAL_ONLY)]
    choices = CHOICES | {"support": (("", "the only one there is"), *((name, name) for name in supports))}
    fields = [
        SettingField(row=rows[name], label=ABOUT[name][0], hint=ABOUT[name][1], choices=choices.get(name, ()))
        for name in names
    ]
    held_by = [rows[name].held_by for name in names if rows[name].held_by]
    return render(
        "data/settings.html",
        project=place.project,
        summary=_summary(rows, names),
        fields=fields,
        held=held_reason(held_by) if held_by else "",
    )


def changes_in(db: Database, place: Place, sent: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a submitted form that differ from the saved ones. Raises UserError if there are none."""
    now = {row.name: row.value for row in project_settings(db, place.project)}
    given = {name: text_in(sent, name, MAX_LENGTH).strip() for name in now if name in sent}
    changes = {name: text for name, text in given.items() if text != now[name]}
    if not changes:
        raise UserError("Nothing was changed: the settings are as they were.")
    return changes


def _summary(rows: Mapping[str, SettingRow], names: Sequence[str]) -> str:
    shown = [f"replies of up to {rows['max_new_tokens'].value} tokens"]
    if "dtype" in names:
        spread = ", spread over all devices" if rows["device_map"].value == "auto" else ""
        shown = [f"number format {rows['dtype'].value}{spread}", f"batches of {rows['batch_size'].value}", *shown]
    return " · ".join(shown)
