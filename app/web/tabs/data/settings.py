"""A project's settings on the Data tab: how its student is run and what else is measured with, as one form.

What was typed and not saved is kept by the browser. Money and endpoints stand in ``data_spending``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.projects.configuration import project_settings
from app.projects.settings_fields import SettingRow, behind_endpoint, why_held
from app.rendering.html import esc
from app.web.page.handlers import text_in
from app.web.page.place import Place
from core.errors import UserError
from storage import store
from storage.database import Database

LONGEST = 1000
CHOICES = {
    "dtype": (("auto", "auto"), ("bf16", "bf16"), ("fp16", "fp16"), ("fp32", "fp32")),
    "device_map": (("one", "one device"), ("auto", "spread over all devices")),
}
# Label and hint of each field; the command line says the same at more length.
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


def settings_html(db: Database, place: Place) -> str:
    """How the project's student is run, as a form; what rows were made with is shown and stays."""
    if not place.project:
        return ""
    rows = {row.name: row for row in project_settings(db, place.project)}
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        supports = [each.name for each in store.support_sets(connection)]
    names = [name for name in ABOUT if not (behind_endpoint(project.student) and name in LOCAL_ONLY)]
    choices = CHOICES | {"support": (("", "the only one there is"), *((name, name) for name in supports))}
    fields = "".join(field_html(rows[name], *ABOUT[name], choices=choices.get(name, ())) for name in names)
    return (
        '<section class="panel"><details data-keep="settings"><summary><b>Settings</b> <span class="subdued">'
        f"{esc(_in_short(rows, names), 200)}</span></summary>"
        f'<form data-kept="settings:{esc(place.project)}" data-form="settings" autocomplete="off">'
        f'<div class="fields">{fields}</div>{_held([rows[name] for name in names])}{SAVE}</form></details></section>'
    )


SAVE = (
    '<div class="row"><button type="submit" class="button">Save</button>'
    '<span class="subdued unsaved" hidden>not saved yet</span></div>'
)


def field_html(
    row: SettingRow, label: str, hint: str, *, choices: Sequence[tuple[str, str]] = (), css: str = "", example: str = ""
) -> str:
    """One setting as a labelled field; disabled where rows hold it as it is."""
    where = f"setting-{row.name}"
    about = f'<small id="about-{where}">{esc(hint)}</small>' if hint else ""
    told = f' aria-describedby="about-{where}"' if hint else ""
    state = " disabled" if row.held else f' data-saved="{esc(row.value)}"'
    given = f'id="{where}" name="{row.name}"{told}{state}'
    if choices:
        options = "".join(
            f'<option value="{esc(value)}"{" selected" if value == row.value else ""}>{esc(text, 80)}</option>'
            for value, text in choices
        )
        field = f"<select {given}>{options}</select>"
    else:
        field = (
            f'<input {given} value="{esc(row.value)}" maxlength="{LONGEST}" spellcheck="false" '
            f'placeholder="{esc(example)}">'
        )
    return f'<div class="field {css}"><label for="{where}">{esc(label)}</label>{field}{about}</div>'


def changes_in(db: Database, place: Place, sent: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a sent form that differ from what is kept. Raises UserError for a text that cannot be one."""
    now = {row.name: row.value for row in project_settings(db, place.project)}
    given = {name: text_in(sent, name, LONGEST).strip() for name in now if name in sent}
    changes = {name: text for name, text in given.items() if text != now[name]}
    if not changes:
        raise UserError("Nothing was changed: the settings are as they were.")
    return changes


def _in_short(rows: Mapping[str, SettingRow], names: Sequence[str]) -> str:
    said = [f"replies of up to {rows['max_new_tokens'].value} tokens"]
    if "dtype" in names:
        spread = ", spread over all devices" if rows["device_map"].value == "auto" else ""
        said = [f"number format {rows['dtype'].value}{spread}", f"batches of {rows['batch_size'].value}", *said]
    return " · ".join(said)


def _held(rows: Sequence[SettingRow]) -> str:
    kinds = [row.held_by for row in rows if row.held_by]
    return f'<p class="subdued">What cannot be typed in stays: {esc(why_held(kinds))}.</p>' if kinds else ""
