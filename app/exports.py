"""Write what Switchpoint made to files that other tools read: training sets, adapters, reviews, a report.

Reads rows, writes new files or folders, and never overwrites what is there.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.models import adapter_path
from app.projects import find_project, find_round
from app.report import report_text
from app.report_html import report_html, report_round
from app.reviews_text import reviews_csv, reviews_jsonl
from app.selecting import newest_selection
from core.errors import UserError
from core.types import Hit, Sample, Selection
from storage import store
from storage.database import Database
from storage.images import image_bytes

EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
}


def export_selection(db: Database, project: str, out: Path, *, selection: int | None = None) -> Path:
    """A folder with ``data.json`` (LLaVA's format), ``images/`` and ``manifest.json`` (what made the selection)."""
    with db.read() as connection:
        chosen = newest_selection(connection, find_project(connection, project), selection)
        samples = store.samples_by_id(connection, [hit.sample for hit in chosen.hits])
        _new(out)
        (out / "images").mkdir(parents=True)
        rows = [_llava_row(connection, samples[hit.sample], hit, out / "images") for hit in chosen.hits]
    (out / "data.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    (out / "manifest.json").write_text(json.dumps(_manifest(project, chosen), ensure_ascii=False, indent=1))
    return out


def export_adapter(db: Database, project: str, out: Path, *, round: int | None = None) -> Path:
    """A copy of the round's adapter folder, loadable with PEFT."""
    with db.read() as connection:
        at = find_round(connection, find_project(connection, project), round)
    folder = adapter_path(db, at.adapter)
    if folder is None:
        raise UserError(f"Round {at.number} is the untuned student: tune first, or name a tuned round with --round.")
    _new(out)
    shutil.copytree(folder, out)
    return out


def export_reviews(db: Database, project: str, out: Path, *, round: int | None = None) -> Path:
    """The round's reviews: a ``.csv`` has one line for each review, anything else is JSON lines, one a sample."""
    with db.read() as connection:
        found = find_project(connection, project)
        write = reviews_csv if out.suffix.lower() == ".csv" else reviews_jsonl
        text = write(connection, found, find_round(connection, found, round))
    return _write(out, text)


def export_report(
    db: Database, project: str, out: Path, *, round: int | None = None, samples: Sequence[int] = ()
) -> Path:
    """A ``.html`` is one round as a page that opens offline (default: the newest that answered the validation set).

    ``samples`` are the cases on it (default: the least sure ones). Anything else is the whole project as Markdown.
    """
    with db.read() as connection:
        found = find_project(connection, project)
        if out.suffix.lower() in (".html", ".htm"):
            at = report_round(connection, found) if round is None else find_round(connection, found, round)
            text = report_html(connection, found, at, samples)
        else:
            text = report_text(connection, found)
    return _write(out, text)


def _write(out: Path, text: str) -> Path:
    _new(out)
    # Bytes, so that line ends stay as they are made on every system.
    out.write_bytes(text.encode())
    return out


def _new(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} is there already and nothing is overwritten: choose another name.")
    out.parent.mkdir(parents=True, exist_ok=True)


def _llava_row(connection: Connection, sample: Sample, hit: Hit, images: Path) -> dict[str, Any]:
    question = sample.question
    row: dict[str, Any] = {"id": sample.source_id}
    if sample.image:
        content, mime = image_bytes(connection, sample.image)
        name = sample.image.removeprefix("file:") + EXTENSIONS.get(mime, "")
        if not (images / name).exists():
            (images / name).write_bytes(content)
        row["image"] = name
        question = f"<image>\n{question}"
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": sample.response or sample.answer}]
    found = {"task": sample.task, "skill_label": sample.skill_label, "for_skill": hit.skill, "score": hit.score}
    return row | {"conversations": turns} | found


def _manifest(project: str, chosen: Selection) -> dict[str, Any]:
    made = {name: value for name, value in asdict(chosen).items() if name not in {"hits", "project"}}
    return {"project": project, "samples": len(chosen.hits)} | made
