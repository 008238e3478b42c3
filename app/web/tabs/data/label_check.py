"""Checking skill labels by hand on the Data tab: one label at a time beside its sample, and the share that fits so far.

An answer is the command "judge".
"""

from markupsafe import Markup

from app.labels.labelling import label_quality, labels_to_check
from app.rendering.templates import NOTHING, render
from app.web.page.place import Place
from core.errors import UserError
from storage.database import Database

ENOUGH_LABELS = 30


def check_html(db: Database, place: Place) -> Markup:
    """The next label to check of the support set in the URL; nothing if the URL has none."""
    name = place.choice("check")
    if not name:
        return NOTHING
    try:
        quality = label_quality(db, name)
        samples = labels_to_check(db, name, reviewer=place.reviewer, limit=1)
    except UserError as error:
        return render("data/label_check_error.html", error=error)
    return render(
        "data/label_check.html",
        support=name,
        quality=quality,
        enough=ENOUGH_LABELS,
        sample=next(iter(samples), None),
        close=place.link(check=None),
    )
