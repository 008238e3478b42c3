"""The first step of an import on the Data tab: a form for the kind and the place of a file, and reading that form.

The browser keeps what is typed until the file is read. Reads no file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.imports.report import IMPORT_KINDS, TEST_SHARE, ImportRequest
from app.imports.uploads import uploaded_file
from app.rendering.templates import render
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
MAX_LENGTH = 4000


def form_html(roots: Sequence[Path], *, has_project: bool) -> Markup:
    """The form of the first step; it is sent as the command "look"."""
    return render(
        "data/import_form.html",
        roots=list(dict.fromkeys(roots)),
        has_project=has_project,
        kinds=KINDS,
        format_groups=format_groups(),
        test_share=TEST_SHARE,
    )


def format_groups(what: str = "") -> list[tuple[str, Mapping[str, str]]]:
    """The formats with their group: those of predictions, of samples, or (``what`` "") both."""
    samples, predictions = ("Samples", FORMATS), ("Predictions", PREDICTION_FORMATS)
    if not what:
        return [samples, predictions]
    return [predictions if what == "predictions" else samples]


def request_in(
    db: Database, place: Place, sent: Mapping[str, Any], roots: Sequence[Path]
) -> tuple[ImportRequest, str, str]:
    """The import that a submitted form asks for, the file's display name, and its uploaded copy ("" for none).

    Raises UserError for values that the form cannot have.
    """
    what = member_of(IMPORT_KINDS, text_in(sent, "what", 20))
    if what is None:
        raise UserError("Choose what the file is: validation, test, support or predictions.")
    if what != "support" and not place.project:
        raise UserError("Make a project first: the button is in the header.")
    path, images = text_in(sent, "source", MAX_LENGTH).strip(), text_in(sent, "images", MAX_LENGTH).strip()
    sent_file = text_in(sent, "upload", MAX_LENGTH) if sent.get("upload") else ""
    upload = ""
    if sent_file:
        copy = uploaded_file(db, sent_file)
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
