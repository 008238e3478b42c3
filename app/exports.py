"""Write what Switchpoint made to files that other tools read: training sets, adapters, reviews, a report.

Reads rows, writes new files or folders, and never overwrites what is there.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.projects import find_project, find_round
from app.report import report_text
from app.selecting import newest_selection
from app.stages import adapter_path
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
    """JSON lines, one for each reviewed sample of the round: question, steps, the machine's finding, all verdicts."""
    with db.read() as connection:
        at = find_round(connection, find_project(connection, project), round)
        lines = [json.dumps(row, ensure_ascii=False) for row in _reviewed(connection, at.id)]
    if not lines:
        raise UserError(f"Round {at.number} of '{project}' has no reviews to export: review some cases first.")
    _new(out)
    out.write_text("\n".join(lines) + "\n")
    return out


def export_report(db: Database, project: str, out: Path) -> Path:
    """One Markdown page: the rounds, the skills found missing, the selections, and every round against round 0."""
    with db.read() as connection:
        text = report_text(connection, find_project(connection, project))
    _new(out)
    out.write_text(text)
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
        name = sample.image + EXTENSIONS.get(mime, "")
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


def _reviewed(connection: Connection, round: int) -> Iterator[dict[str, Any]]:
    for found in store.diagnoses_of(connection, round):
        history = store.history(connection, round, found.sample)
        if history:
            sample = store.get_sample(connection, found.sample)
            yield {
                "id": sample.source_id,
                "question": sample.question,
                "answer": sample.answer,
                "diagnosis": {"skill": found.skill, "teacher": found.teacher} | asdict(found.switch),
                "reviews": [asdict(review) for review in history],
            }
