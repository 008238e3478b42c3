"""The first step of an import on the Data tab: what it is and where it lies, as one form; and reading that form.

The browser keeps what is typed until the look begins. Reads no file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.imports.report import KINDS_OF_FILE, TEST_SHARE, ImportRequest
from app.imports.uploads import uploaded
from app.rendering.html import esc
from app.security.file_roots import server_folder, server_path
from app.web.page.handlers import text_in
from app.web.page.place import Place
from core.errors import UserError
from core.importers import FORMATS, PREDICTION_FORMATS
from core.literals import member_of
from storage.database import Database

KINDS: dict[str, tuple[str, str]] = {
    "validation": ("Validation set", "diagnosed and reviewed"),
    "test": ("Test set", "only measures"),
    "support": ("Support set", "to draw training samples from"),
    "predictions": ("Predictions", "made elsewhere"),
}
LONGEST = 4000


def form_html(roots: Sequence[Path], *, has_project: bool) -> str:
    """The form of the first step; it is sent as the command "look"."""
    listed = " · ".join(f"<code>{esc(root, 120)}</code>" for root in dict.fromkeys(roots))
    only = "" if has_project else '<p class="subdued">Without a project only a support set can come in.</p>'
    return (
        '<section class="panel" aria-labelledby="import-title"><h3 id="import-title">Bring in samples or predictions'
        f'</h3><form id="import-form" data-look autocomplete="off">{_kinds(has_project)}{only}'
        '<div class="fields">'
        + _field(
            "file", "File from this computer", '<input type="file" {0}>', "JSON, JSONL, CSV, TSV, parquet, or a zip"
        )
        + _field(
            "source",
            "… or a path on the server, or a data set's name on the Hub",
            '<input {0} placeholder="/data/fruit.zip, a folder, or hf:owner/name" spellcheck="false">',
            f"Folders that the page reads: {listed}",
            "wide",
        )
        + _field(
            "images",
            "Folder or zip with the images (on the server)",
            '<input {0} spellcheck="false">',
            "Only where the file names images that lie elsewhere",
        )
        + _field("format", "Format", f"<select {{0}}>{format_options('')}</select>", "It is seen in the file itself")
        + _field(
            "share",
            "Held out as test set, %",
            f'<input {{0}} type="number" min="0" max="90" step="1" value="{TEST_SHARE * 100:.0f}">',
            "Of a file without splits, where there is no test set",
            "only-validation",
        )
        + _field("seed", "Seed of that draw", '<input {0} type="number" min="0" value="0">', "", "only-validation")
        + _field("name", "Name of the support set", "<input {0}>", "By default the file's name", "only-support")
        + '<label class="tick only-support"><input type="checkbox" name="copy"> Copy its images into the database '
        "(otherwise those in a folder stay there)</label></div>"
        '<div class="row"><button type="submit" class="button primary" id="look-button">Look</button>'
        '<progress id="upload-progress" max="1" value="0" aria-label="Upload" hidden></progress>'
        '<span class="subdued" id="look-state" role="status">Nothing is imported yet: you see what is in it first.'
        "</span></div></form></section>"
    )


def format_options(chosen: str, what: str = "") -> str:
    """The formats as options of a select: of samples, of predictions, or (``what`` "") both."""
    groups = {"samples": FORMATS, "predictions": PREDICTION_FORMATS}
    wanted = ["samples", "predictions"] if not what else ["predictions" if what == "predictions" else "samples"]
    listed = "".join(
        f'<optgroup label="{group.capitalize()}">'
        + "".join(
            f'<option value="{key}"{" selected" if key == chosen else ""}>{esc(words)}</option>'
            for key, words in groups[group].items()
        )
        + "</optgroup>"
        for group in wanted
    )
    return f'<option value="">Found in the file</option>{listed}'


def request_in(
    db: Database, place: Place, sent: Mapping[str, Any], roots: Sequence[Path]
) -> tuple[ImportRequest, str, str]:
    """What a sent form asks for, the file's name for people, and its uploaded copy ("" for none).

    Raises UserError for anything that no such form holds.
    """
    what = member_of(KINDS_OF_FILE, text_in(sent, "what", 20))
    if what is None:
        raise UserError("Choose what the file is: validation, test, support or predictions.")
    if what != "support" and not place.project:
        raise UserError("Make a project first: the button is in the header.")
    path, images = text_in(sent, "source", LONGEST).strip(), text_in(sent, "images", LONGEST).strip()
    sent_file = text_in(sent, "upload", LONGEST) if sent.get("upload") else ""
    upload = ""
    if sent_file:
        copy = uploaded(db, sent_file)
        if copy is None:
            raise UserError("That upload is not here any more: choose the file again.")
        upload = path = str(copy)
    elif not path:
        raise UserError("Choose a file, or give a path on the server.")
    else:
        path = server_path(path, roots)
    request = ImportRequest(
        what=what,
        path=path,
        project="" if what == "support" else place.project,
        images=server_folder(images, roots) if images else "",
        name=text_in(sent, "name", 200).strip(),
        format=_chosen_format(sent, what),
        test_share=_number(sent, "share", 0, 90) / 100,
        seed=_number(sent, "seed", 0, 2**31),
        copy_images=bool(sent.get("copy")),
    )
    return request, Path(path).name or path, upload


def _chosen_format(sent: Mapping[str, Any], what: str) -> str:
    chosen = text_in(sent, "format", 40)
    if chosen and chosen not in (PREDICTION_FORMATS if what == "predictions" else FORMATS):
        raise UserError("This format is not one of that kind of file: leave it to be found, or choose another.")
    return chosen


def _number(sent: Mapping[str, Any], name: str, least: int, most: int) -> int:
    text = str(sent.get(name, "")).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise UserError(f"The {name} must be a whole number from {least} to {most:,}.")
    return int(text)


def _kinds(has_project: bool) -> str:
    chosen = "validation" if has_project else "support"
    radios = "".join(
        f'<label><input type="radio" name="what" value="{kind}"{" checked" if kind == chosen else ""}'
        f"{'' if has_project or kind == 'support' else ' disabled'}><span><b>{title}</b> <small>{purpose}</small>"
        "</span></label>"
        for kind, (title, purpose) in KINDS.items()
    )
    return f'<fieldset class="kinds"><legend>What it is</legend>{radios}</fieldset>'


def _field(name: str, label: str, control: str, about: str, css: str = "") -> str:
    told = f'<small id="about-import-{name}">{about}</small>' if about else ""
    described = f' aria-describedby="about-import-{name}"' if about else ""
    made = control.replace("{0}", f'id="import-{name}" name="{name}"{described}')
    return f'<div class="field {css}"><label for="import-{name}">{label}</label>{made}{told}</div>'
