"""Lineage on the Comparison tab: a sample through its rounds, or a training sample back to its errors.

Which one is in the URL (``sample``, ``training``). Reads rows through ``app.comparisons.lineage`` only, and the texts
of what is listed.
"""

from markupsafe import Markup
from sqlalchemy import Connection

from app.comparisons.lineage import ErrorLineage, TrainingLineage, trace_error, trace_training
from app.rendering.templates import NOTHING, render
from app.reviews.wording import VERDICT_LABELS
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.place import Place
from core.errors import UserError
from storage import store
from storage.store import Project

MAX_ERRORS = 50


def lineage_html(connection: Connection, place: Place, project: Project) -> Markup:
    """The panel of the sample that the URL names; empty where it names none."""
    training = place.number("training")
    if training is None and place.sample is None:
        return NOTHING
    found: ErrorLineage | TrainingLineage | None = None
    listed: set[int] = set()
    error = ""
    try:
        if training is not None:
            title = f"Lineage of training sample #{training}"
            found = trace_training(connection, project, training)
            listed = {key for use in found.uses for key in use.errors[:MAX_ERRORS]}
        else:
            title = f"Lineage of sample #{place.sample}"
            found = trace_error(connection, project, place.sample or 0)
            listed = {each.hit.sample for trace in found.rounds for asked in trace.asked for each in asked.best}
    except UserError as refusal:
        title, error = "No lineage", str(refusal)
    return render(
        "comparison/lineage.html",
        place=place,
        title=title,
        error_text=error,
        found=found,
        is_training=training is not None,
        samples=store.samples_by_id(connection, listed),
        labels=VERDICT_LABELS,
        without_filters=dict.fromkeys(FILTER_PARAMS),
        max_errors=MAX_ERRORS,
    )
