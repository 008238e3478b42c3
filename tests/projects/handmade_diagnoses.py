"""Diagnoses written by hand, for tests that need diagnoses and no teacher."""

from app.imports.pipeline import import_file
from app.projects.lookup import find_project
from core.types import Curve, Diagnosis, Prediction, Switch
from storage import store
from storage.database import Database
from tests.projects.tiny_project import SKILLS, TinyFiles


def diagnose_by_hand(db: Database, project: str, files: TinyFiles, *, test_too: bool = False) -> list[int]:
    """Import the project's predictions and diagnose each error at step 2; returns the ids of the diagnosed samples."""
    import_file(db, "predictions", files["predictions"], project)
    with db.write() as connection:
        found = find_project(connection, project)
        base = store.rounds_of(connection, found.id)[0].id
        missing = store.missing_diagnoses(connection, base)
        store.save_diagnoses(connection, [_diagnosis(base, sample.id, at) for at, (sample, _) in enumerate(missing)])
        if test_too:
            asked = store.missing_predictions(connection, base, "test")
            store.save_predictions(connection, [_right(base, sample.id, sample.answer) for sample in asked])
    return [sample.id for sample, _ in missing]


def _diagnosis(base: int, sample: int, position: int) -> Diagnosis:
    curve = Curve(
        candidates=("3", "4", "5"),
        truth=0,
        predicted=1,
        probabilities=((0.6, 0.2, 0.2), (0.6, 0.2, 0.2), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1)),
    )
    return Diagnosis(
        round=base,
        sample=sample,
        curve=curve,
        switch=Switch(status="switched", mistake_step=2, confidence=0.9),
        skill=SKILLS[position % 2],
        prior=0.6,
        delta=0.0,
        lam=2,
        teacher="by hand",
    )


def _right(base: int, sample: int, answer: str) -> Prediction:
    return Prediction(round=base, sample=sample, text=answer, steps=(), answer=answer, reading="option", correct=True)
