"""Write what Switchpoint made to files that other tools read: training sets, adapters, reviews, a report.

Reads rows, writes new files or folders, and never overwrites what is there.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from app.exports.project_report import report_text
from app.exports.reviews import reviews_csv, reviews_jsonl
from app.exports.round_report import report_html, report_round
from app.exports.selections import chosen_selection, json_bytes, llava_files, manifest, write_parquet, zip_bytes
from app.model_inputs import adapter_path
from app.projects.lookup import find_project, find_round
from core.atomic_files import atomic_path, find_damage
from core.errors import UserError
from storage.database import Database


def export_selection(db: Database, project: str, out: Path, *, selection: int | None = None) -> Path:
    """A selection by the name's ending: ``.zip``, ``.parquet``, ``.json`` (the manifest alone), else a folder.

    Folder and zip hold ``data.json`` (LLaVA's format), ``images/``, ``dataset_info.json`` (LLaMA-Factory's) and
    ``manifest.json``. What was cut short leaves nothing of that name behind.
    """
    chosen = chosen_selection(db, project, selection)
    _new(out)
    with atomic_path(out) as half:
        if out.suffix.lower() in (".zip", ".json"):
            whole = zip_bytes(db, chosen) if out.suffix.lower() == ".zip" else iter([json_bytes(manifest(db, chosen))])
            with half.open("wb") as file:
                file.writelines(whole)
        elif out.suffix.lower() == ".parquet":
            write_parquet(db, chosen, half)
        else:
            (half / "images").mkdir(parents=True)
            for name, pieces in llava_files(db, chosen):
                with (half / name).open("wb") as file:
                    file.writelines(pieces)
    return out


def export_adapter(db: Database, project: str, out: Path, *, round: int | None = None) -> Path:
    """A copy of the round's adapter folder, loadable with PEFT."""
    with db.read() as connection:
        at = find_round(connection, find_project(connection, project), round)
    folder = adapter_path(db, at.adapter)
    if folder is None:
        raise UserError(f"Round {at.number} is the untuned student: tune first, or name a tuned round with --round.")
    if damage := find_damage(folder):
        raise UserError(
            f"The adapter of round {at.number} in {folder} is not whole ({damage}): put it back there from a backup, "
            "or tune again."
        )
    _new(out)
    with atomic_path(out) as half:
        shutil.copytree(folder, half)
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
    with atomic_path(out) as half:
        # Bytes, so that line ends stay as they are made on every system.
        half.write_bytes(text.encode())
    return out


def _new(out: Path) -> None:
    if out.exists():
        raise UserError(f"{out} is there already and nothing is overwritten: choose another name.")
    out.parent.mkdir(parents=True, exist_ok=True)
