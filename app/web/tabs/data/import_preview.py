"""The second step of an import on the Data tab: what was found in the file, what can be corrected, and importing it.

All texts come from the file and are untrusted. Reads neither files nor rows: it renders a pending import.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from app.imports.pending_imports import obstacle
from app.imports.preview import request_of
from app.imports.report import ImportRequest
from app.rendering.formatting import count, cut
from app.rendering.templates import render
from app.web.tabs.data.import_form import KINDS, format_groups
from core.importers import FIELDS, FORMATS
from core.importers.containers.encoding import ENCODINGS
from core.importers.fields.option_cells import OPTION_FORMS
from core.importers.fields.options_and_answers import ANSWER_FORMS
from core.importers.prediction_files.columns import PREDICTION_FIELDS
from storage import jobs
from storage.jobs import Job
from storage.store import PendingImport

MAX_REFUSED = 200
FIELD_LABELS = {
    "id": "sample id",
    "answers": "several answers",
    "skill_label": "skill label",
    "mistake_step": "mistake step",
}


def preview_html(pending: PendingImport, job: Job | None, waits: str = "") -> Markup:
    """A pending import; ``job`` is the one that imports it, ``waits`` says what that job waits for."""
    request, report = request_of(pending), pending.report
    is_read = job is None and report is not None and not pending.error
    things = "prediction" if request.what == "predictions" else "sample"
    return render(
        "data/import_preview.html",
        pending=pending,
        request=request,
        report=report,
        job=job,
        kind=KINDS[request.what][0],
        failed=bool(pending.error or (job is not None and job.state != "running" and job.error)),
        can_give_up=job is None or job.state not in jobs.ACTIVE,
        progress=_progress(job, waits) if job else "",
        obstacle=obstacle(pending),
        import_label=f"Import {count(report['accepted'], things)}" if report is not None and is_read else "Import",
        format_groups=format_groups(request.what),
        columns=_mapped_columns(request, report) if report else [],
        encodings=_encodings(request, report),
        column_names=partial(_column_names, report or {}),
        answer_forms=ANSWER_FORMS,
        option_forms=OPTION_FORMS,
        max_refused=MAX_REFUSED,
        short_file=_short_file,
        **(_facts(report) if report is not None and is_read else {}),
    )


def _progress(job: Job, waits: str) -> str:
    return f"{job.done:,} of {job.total:,} rows" if job.total else waits or job.message or "starting"


def _facts(report: Mapping[str, Any]) -> dict[str, Any]:
    """The name of the format, the splits in the file, and the counts, each with the class of its colour."""
    figures = [
        ("rows found", report["found"], ""),
        ("new", report["accepted"], "good"),
        ("of these held out as test set", report["held_out"], ""),
        ("already there", report["already_present"], ""),
        ("of other splits, left out", report["left_out"], ""),
        ("refused", report["refused_rows"], "bad"),
        ("with images missing", report["images_missing"], "bad"),
        ("with an id twice", report["duplicates"], "bad"),
        ("in conflict with what is there", report["conflicts"], "bad"),
    ]
    return {
        "format_name": FORMATS.get(report["format"], report["format"]),
        "splits": ", ".join(f"{cut(name, 40)} {many:,}" for name, many in report["splits"].items() if name),
        "figures": [figure for index, figure in enumerate(figures) if figure[1] or index < 2],
    }


def _mapped_columns(request: ImportRequest, report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each field with its label and the column that it is read from; none for a file without columns."""
    if not report["columns"]:
        return []
    names = PREDICTION_FIELDS if request.what == "predictions" else FIELDS
    return [(name, FIELD_LABELS.get(name, name), report["mapping"].get(name, "")) for name in names]


def _encodings(request: ImportRequest, report: Mapping[str, Any] | None) -> Mapping[str, str]:
    """The encodings to choose among, with their names; none for a file that is no text."""
    if report and not request.encoding and report["container"].startswith(("parquet", "Hugging Face")):
        return {}
    return ENCODINGS | ({request.encoding: request.encoding} if request.encoding not in ("", *ENCODINGS) else {})


def _column_names(report: Mapping[str, Any], chosen: str) -> list[str]:
    """The columns of the file, and the chosen one if it is not among them."""
    return [*report["columns"], *([chosen] if chosen and chosen not in report["columns"] else [])]


def _short_file(row: Mapping[str, Any]) -> str:
    """The file of a refused row; only the end of a long path."""
    name = str(row.get("file", ""))
    return name if len(name) < 60 else "…" + name[-58:]
