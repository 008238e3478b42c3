"""Writes files that other tools read: training sets, adapters, reviews, reports. Never overwrites anything."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from app.exports.project_report import report_text
from app.exports.reviews import reviews_csv, reviews_jsonl
from app.exports.round_report import report_html, report_round
from app.exports.selection_parquet import write_parquet
from app.exports.selections import find_selection, json_bytes, llava_files, manifest, zip_bytes
from app.model_inputs import adapter_path
from app.projects.lookup import find_project, find_round
from core.atomic_files import atomic_path, find_damage
from core.errors import UserError
from storage.database import Database


def export_selection(db: Database, project: str, out: Path, *, selection: int | None = None) -> Path:
    """Write a selection; ``out``'s suffix decides: ``.zip``, ``.parquet``, ``.json`` (the manifest), else a folder.

    Folder and zip hold ``data.json`` (LLaVA's format), ``trl.json``, ``images/``, ``dataset_info.json``
    (LLaMA-Factory's) and ``manifest.json``. An interrupted export leaves nothing behind.
    """
    chosen = find_selection(db, project, selection)
    _raise_if_exists(out)
    with atomic_path(out) as draft:
        if out.suffix.lower() in (".zip", ".json"):
            whole = zip_bytes(db, chosen) if out.suffix.lower() == ".zip" else iter([json_bytes(manifest(db, chosen))])
            with draft.open("wb") as file:
                file.writelines(whole)
        elif out.suffix.lower() == ".parquet":
            write_parquet(db, chosen, draft)
        else:
            (draft / "images").mkdir(parents=True)
            for name, pieces in llava_files(db, chosen):
                with (draft / name).open("wb") as file:
                    file.writelines(pieces)
    return out


def export_adapter(db: Database, project: str, out: Path, *, round_number: int | None = None) -> Path:
    """Copy the round's adapter folder, which PEFT loads. Raises UserError for round 0 and for a damaged adapter."""
    with db.read() as connection:
        found = find_round(connection, find_project(connection, project), round_number)
    folder = adapter_path(db, found.adapter)
    if folder is None:
        raise UserError(f"Round {found.number} is the untuned student: tune first, or name a tuned round with --round.")
    if damage := find_damage(folder):
        raise UserError(
            f"The adapter of round {found.number} in {folder} is not whole ({damage}): put it back there from a "
            "backup, or tune again."
        )
    _raise_if_exists(out)
    with atomic_path(out) as draft:
        shutil.copytree(folder, draft)
    return out


def export_reviews(db: Database, project: str, out: Path, *, round_number: int | None = None) -> Path:
    """Write the round's reviews: as ``.csv`` one line a review, else as JSON lines, one a sample."""
    with db.read() as connection:
        found = find_project(connection, project)
        write = reviews_csv if out.suffix.lower() == ".csv" else reviews_jsonl
        text = write(connection, found, find_round(connection, found, round_number))
    return _write(out, text)


def export_report(
    db: Database, project: str, out: Path, *, round_number: int | None = None, samples: Sequence[int] = ()
) -> Path:
    """Write a report: as ``.html`` one round as an offline page, else the whole project as Markdown.

    ``round_number`` (default: the newest that answered the validation set) and ``samples``, the cases shown (default:
    those of least confidence), apply to the page only.
    """
    with db.read() as connection:
        found = find_project(connection, project)
        if out.suffix.lower() in (".html", ".htm"):
            shown = (
                report_round(connection, found) if round_number is None else find_round(connection, found, round_number)
            )
            text = report_html(connection, found, shown, samples)
        else:
            text = report_text(connection, found)
    return _write(out, text)


def _write(out: Path, text: str) -> Path:
    _raise_if_exists(out)
    with atomic_path(out) as draft:
        # As bytes, so that line ends are the same on every system.
        draft.write_bytes(text.encode())
    return out


def _raise_if_exists(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} is there already and nothing is overwritten: choose another name.")
    out.parent.mkdir(parents=True, exist_ok=True)
