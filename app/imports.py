"""Bring files into a project: read with the importers, save in one transaction, report what happened.

"Nothing half imported": when a row is refused nothing is saved, unless the person asked to skip the refused ones.
Knows the importers and the tables; no page, no model.
"""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from app.projects import find_project
from core.errors import UserError
from core.importers import ImportedPrediction, ImportedPredictions, ImportedSamples, read_predictions, read_samples
from core.truths import marked
from core.types import Prediction, Sample
from storage import store
from storage.database import Database
from storage.store import Project

What = Literal["validation", "test", "support", "predictions"]
ImportReport = dict[str, Any]


def import_file(
    db: Database,
    what: What,
    path: Path,
    project: str = "",
    *,
    images: Path | None = None,
    name: str = "",
    skip_refused: bool = False,
) -> ImportReport:
    """Import samples or predictions; the report has format, found, accepted, refused, duplicates, already_present.

    ``images`` is a folder or zip for files that name their images; ``name`` names a support set (default: the file's
    stem). ``project`` may stay "" for a support set, which all projects share. With a refused row nothing is imported
    (``accepted`` is 0) unless ``skip_refused``.
    """
    try:
        if not (path.is_file() or path.is_dir()):
            raise UserError(f"There is no file or folder {path}: check the path and try again.")
        return _import(db, what, path, project, images=images, name=name, skip_refused=skip_refused)
    except OSError as error:
        said = error.strerror or str(error)
        raise UserError(f"{error.filename or path} cannot be read ({said}): check the path and try again.") from error


def _import(
    db: Database, what: What, path: Path, project: str, *, images: Path | None, name: str, skip_refused: bool
) -> ImportReport:
    if what == "predictions":
        return _import_predictions(db, path, project, skip_refused)
    if what != "support":
        with db.read() as connection:
            find_project(connection, project)
    read = read_samples(path, role=what, images=images)
    if read.refused and not skip_refused:
        return _report(read, accepted=0, already_present=0)
    with db.write() as connection:
        owner = None if what == "support" else find_project(connection, project).id
        saved = store.save_samples(
            connection,
            project=owner,
            role=what,
            name=(name or path.name.split(".")[0]) if what == "support" else "",
            samples=read.samples,
            images=read.images,
        )
    return _report(read, accepted=saved.added, already_present=saved.already_present)


def _import_predictions(db: Database, path: Path, name: str, skip_refused: bool) -> ImportReport:
    with db.read() as connection:
        project = find_project(connection, name)
        read = read_predictions(path, _known(connection, project))
    if read.refused and not skip_refused:
        return _report(read, accepted=0, already_present=0)
    if not read.samples and not read.predictions:
        return _report(read, accepted=0, already_present=0)
    with db.write() as connection:
        accepted = _save_predictions(connection, project, read)
    return _report(read, accepted=accepted, already_present=len(read.predictions) - accepted)


def _save_predictions(connection: Connection, project: Project, read: ImportedPredictions) -> int:
    """Save as predictions of round 0, with the validation samples that they bring; returns how many were new."""
    if read.samples:
        store.save_samples(connection, project=project.id, role="validation", samples=read.samples, images={})
    base = store.rounds_of(connection, project.id)[0].id
    known = _known(connection, project)
    predicted = (store.predictions_of(connection, base, "validation"), store.predictions_of(connection, base, "test"))
    present = {each.sample for each in chain(*predicted)}
    new = [each for each in read.predictions if known[each.source_id].id not in present]
    store.save_predictions(connection, [_prediction(each, known[each.source_id], base) for each in new])
    gold = [(known[each.source_id].id, each.gold_mistake_step) for each in new]
    store.save_gold(connection, base, gold)
    return len(new)


def _prediction(imported: ImportedPrediction, sample: Sample, round: int) -> Prediction:
    correct, score = marked(imported.answer, sample)
    return Prediction(
        round=round,
        sample=sample.id,
        text=imported.text,
        steps=imported.steps,
        answer=imported.answer,
        reading=imported.reading,
        span=imported.span,
        correct=correct,
        score=score,
        read_confidence=imported.read_confidence,
    )


def _known(connection: Connection, project: Project) -> Mapping[str, Sample]:
    samples = [
        sample
        for role in ("test", "validation")
        for sample in store.samples_of(connection, project=project.id, role=role)
    ]
    return {sample.source_id: sample for sample in samples}


def _report(read: ImportedSamples | ImportedPredictions, *, accepted: int, already_present: int) -> ImportReport:
    return {
        "format": read.format,
        "found": read.found,
        "accepted": accepted,
        "refused": [asdict(refusal) for refusal in read.refused],
        "duplicates": read.duplicates,
        "already_present": already_present,
    }
