"""Imports predictions made elsewhere as those of round 0, with their samples and gold mistake steps."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection

from app.imports.report import Findings, ImportRequest
from app.projects.lookup import find_project
from core.importers import ImportedPrediction, ImportedPredictions, read_predictions
from core.parsing.prediction import READING_VERSION
from core.parsing.scoring import score_answer
from core.types import Prediction, Refusal, RoundId, Sample
from storage import store
from storage.database import Database
from storage.store import Project


def import_predictions(db: Database, request: ImportRequest, found: Findings, *, save: bool) -> None:
    """Read predictions, count them in ``found`` and, with ``save``, add those that the round does not have yet."""
    with db.read() as connection:
        project = find_project(connection, request.project)
        known = _samples_by_source_id(connection, project)
        read = _read(request, known)
        present = _predicted_samples(connection, project)
    found.format, found.found, found.notes = read.format, read.found, [*read.notes, *_unclear_note(read)]
    found.columns, found.mapping = list(read.columns), dict(read.mapping)
    found.examples = [asdict(each) for each in read.examples]
    for refusal in read.refused:
        found.refuse(refusal)
    found.refused_rows, found.duplicates = read.refused_rows, read.duplicates
    for sample in read.samples:
        found.add_preview(sample, "")
    if read.refused and not request.skip_refused:
        return
    there = sum(each.source_id in known and known[each.source_id].id in present for each in read.predictions)
    found.accepted, found.already_present = len(read.predictions) - there, there + read.repeats
    if save and (read.samples or read.predictions):
        with db.write() as connection:
            _save(connection, project, read)


def refused_predictions(db: Database, request: ImportRequest) -> tuple[Refusal, ...]:
    """The refused rows of a file of predictions, the first 100,000."""
    with db.read() as connection:
        known = _samples_by_source_id(connection, find_project(connection, request.project))
    return _read(request, known).refused


def _read(request: ImportRequest, known: Mapping[str, Sample]) -> ImportedPredictions:
    return read_predictions(
        Path(request.path), known, format=request.format, mapping=request.mapping or None, encoding=request.encoding
    )


def _unclear_note(read: ImportedPredictions) -> list[str]:
    unclear = sum(each.answer is None for each in read.predictions)
    if not unclear:
        return []
    sentence = (
        f"{unclear:,} of {len(read.predictions):,} answers could not be read: each counts as wrong and is listed on "
        "the Review tab as “answer unclear”, where M sets it right."
    )
    return [sentence]


def _save(connection: Connection, project: Project, read: ImportedPredictions) -> None:
    if read.samples:
        store.save_samples(connection, project=project.id, role="validation", samples=read.samples, images={})
    base = store.rounds_of(connection, project.id)[0].id
    known, present = _samples_by_source_id(connection, project), _predicted_samples(connection, project)
    new = [each for each in read.predictions if known[each.source_id].id not in present]
    store.save_predictions(connection, [_prediction(each, known[each.source_id], base) for each in new])
    store.save_gold_steps(connection, base, [(known[each.source_id].id, each.gold_mistake_step) for each in new])


def _prediction(imported: ImportedPrediction, sample: Sample, round_id: RoundId) -> Prediction:
    correct, score = score_answer(imported.answer, sample)
    return Prediction(
        round=round_id,
        sample=sample.id,
        text=imported.text,
        steps=imported.steps,
        answer=imported.answer,
        reading=imported.reading,
        span=imported.span,
        correct=correct,
        score=score,
        read_confidence=imported.read_confidence,
        reading_version=READING_VERSION,
    )


def _samples_by_source_id(connection: Connection, project: Project) -> Mapping[str, Sample]:
    samples = [
        sample
        for role in ("test", "validation")
        for sample in store.samples_of(connection, project=project.id, role=role)
    ]
    return {sample.source_id: sample for sample in samples}


def _predicted_samples(connection: Connection, project: Project) -> set[int]:
    base = store.rounds_of(connection, project.id)[0].id
    return {
        each.sample
        for each in chain(*(store.predictions_of(connection, base, role) for role in ("validation", "test")))
    }
