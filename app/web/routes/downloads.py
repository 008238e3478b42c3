"""Routes for downloads: a round's reviews and report, selections, experiments, and the refused rows of an import.

The report is always an attachment: in a tab the page's content security policy would block its scripts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import fastapi
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from sqlalchemy import Connection

from app.experiments.identification import identification_report_if_ready
from app.experiments.results import markdown, results
from app.exports.reviews import csv_text, reviews_csv, reviews_jsonl
from app.exports.round_report import report_html, report_round
from app.exports.selection_parquet import parquet_bytes
from app.exports.selections import ProjectSelection, find_selection, json_bytes, manifest, zip_bytes
from app.imports.preview import read_refusals, request_of
from app.projects.lookup import find_project, find_round
from app.web.page.place import whole_number
from core.errors import UserError
from storage import store
from storage.database import Database
from storage.store import Project, Round

REVIEWS: dict[str, tuple[str, Callable[[Connection, Project, Round], str]]] = {
    "csv": ("text/csv", reviews_csv),
    "jsonl": ("application/x-ndjson", reviews_jsonl),
}

SELECTIONS: dict[str, tuple[str, Callable[[Database, ProjectSelection], Iterator[bytes]]]] = {
    "zip": ("application/zip", zip_bytes),
    "parquet": ("application/vnd.apache.parquet", parquet_bytes),
    "json": ("application/json", lambda db, chosen: iter([json_bytes(manifest(db, chosen))])),
}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A text file with its name and media type."""

    name: str
    media: str
    text: str


def add_download_routes(api: fastapi.FastAPI, db: Database) -> None:
    """Add the routes; a UserError becomes a 404 with its message."""

    @api.get("/export/reviews.csv")
    def reviews_as_csv(project: str = "", round: str = "") -> Response:
        """The round's reviews (default: of the newest round), one line each."""
        return _sent(lambda: _reviews(db, project, round, "csv"))

    @api.get("/pending/{pending}/refused.csv")
    def refused(pending: int) -> Response:
        """Every refused row of a pending import, with the reason."""
        return _sent(lambda: _refused(db, pending))

    @api.get("/export/reviews.jsonl")
    def reviews_as_lines(project: str = "", round: str = "") -> Response:
        """The round's reviewed samples (default: of the newest round), one JSON object each."""
        return _sent(lambda: _reviews(db, project, round, "jsonl"))

    @api.get("/export/selection.zip")
    def selection_as_zip(project: str = "", selection: str = "") -> Response:
        """A selection (default: the newest) in LLaVA's format with its images, streamed."""
        return _selection(db, project, selection, "zip")

    @api.get("/export/selection.parquet")
    def selection_as_parquet(project: str = "", selection: str = "") -> Response:
        """A selection (default: the newest) as parquet with its images, streamed."""
        return _selection(db, project, selection, "parquet")

    @api.get("/export/selection.json")
    def selection_manifest(project: str = "", selection: str = "") -> Response:
        """The manifest of a selection (default: the newest): everything that decided its samples."""
        return _selection(db, project, selection, "json")

    @api.get("/export/report.html")
    def report(project: str = "", round: str = "", sample: Annotated[Sequence[str], fastapi.Query()] = ()) -> Response:
        """The round's report (default: of the newest round that answered the validation set)."""
        return _sent(lambda: _report(db, project, round, sample))

    @api.get("/export/experiment.md")
    def experiment(project: str = "", round: str = "") -> Response:
        """The tables of the round's experiment (default: of the base model's round)."""
        return _sent(lambda: _experiment(db, project, round))


def file_name(project: str, number: int, what: str, *, of: str = "round") -> str:
    """A file name that is valid on any file system and in an HTTP header."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", project).strip("-.") or "project"
    return f"{name}-{of}-{number}{'-' if of == 'round' else '.'}{what}"


def _reviews(db: Database, project: str, round_number: str, suffix: str) -> Download:
    media, write = REVIEWS[suffix]
    with db.read() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, _number(round_number, "round"))
        text = write(connection, found, round_)
    return Download(name=file_name(found.name, round_.number, f"reviews.{suffix}"), media=media, text=text)


def _report(db: Database, project: str, round_number: str, samples: Sequence[str]) -> Download:
    chosen = [number for each in samples if (number := _number(each, "sample")) is not None]
    with db.read() as connection:
        found = find_project(connection, project)
        number = _number(round_number, "round")
        round_ = report_round(connection, found) if number is None else find_round(connection, found, number)
        text = report_html(connection, found, round_, chosen)
    return Download(name=file_name(found.name, round_.number, "report.html"), media="text/html", text=text)


def _selection(db: Database, project: str, selection: str, suffix: str) -> Response:
    try:
        chosen = find_selection(db, project, _number(selection, "selection"))
    except UserError as error:
        return PlainTextResponse(str(error), 404)
    media, write = SELECTIONS[suffix]
    named = file_name(chosen.project.name, chosen.selection.id, suffix, of="selection")
    headers = {"content-disposition": f'attachment; filename="{named}"', "cache-control": "no-store"}
    return StreamingResponse(write(db, chosen), media_type=media, headers=headers)


def _experiment(db: Database, project: str, round_number: str) -> Download:
    number = _number(round_number, "round") or 0
    text = markdown(results(db, project, number), identification_report_if_ready(db, project, number))
    return Download(name=file_name(project, number, "experiment.md"), media="text/markdown", text=text)


def _refused(db: Database, pending: int) -> Download:
    with db.read() as connection:
        found = next((each for each in store.pending_imports(connection) if each.id == pending), None)
    if found is None:
        raise UserError("This import is not waiting any more.")
    rows = ((each.file, each.line, each.field, each.reason) for each in read_refusals(db, request_of(found)))
    text = csv_text([("file", "line", "field", "reason"), *rows])
    return Download(name="refused-rows.csv", media="text/csv", text=text)


def _number(text: str, what: str) -> int | None:
    number = whole_number(text)
    if number is None and text:
        raise UserError(f"{text[:40]!r} is no {what}: give its number.")
    return number


def _sent(make: Callable[[], Download]) -> Response:
    try:
        made = make()
    except UserError as error:
        return PlainTextResponse(str(error), 404)
    # Reviews change with every verdict, so a browser must not cache them.
    headers = {"content-disposition": f'attachment; filename="{made.name}"', "cache-control": "no-store"}
    return Response(made.text.encode(), media_type=f"{made.media}; charset=utf-8", headers=headers)
