"""A round's reviews as text, for other tools: JSON lines, one a sample, or CSV that spreadsheets open safely.

Reads rows and writes no file; what is undone stays in it, as reviews are never removed.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from core.errors import UserError
from core.types import Diagnosis, Prediction, Review, Sample
from storage import store
from storage.store import Project, Round

COLUMNS = (
    "id", "question", "truth", "student_answer",
    "machine_step", "machine_skill", "machine_status", "machine_confidence",
    "reviewer", "verdict", "step", "skill", "answer", "note", "created",
    "hint", "lecture",
)  # fmt: skip
# What makes a spreadsheet run a cell (OWASP, "CSV Injection"), a line feed and the full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A sample with everything said about it, oldest first; ``diagnosis`` is None where the machine found nothing."""

    sample: Sample
    prediction: Prediction
    diagnosis: Diagnosis | None
    history: Sequence[Review]


def reviews_jsonl(connection: Connection, project: Project, round: Round) -> str:
    """One JSON object a line for each reviewed sample: question (hint and lecture where it has them), truth, the
    machine's finding, all verdicts.

    Raises ``UserError`` when the round has no reviews.
    """
    return "".join(json.dumps(_row(each), ensure_ascii=False) + "\n" for each in _some(connection, project, round))


def reviews_csv(connection: Connection, project: Project, round: Round) -> str:
    """One line for each review, oldest first inside a sample, under a line of names; begins with a byte order mark.

    Cells that a spreadsheet would run as formulas begin with a single quote. Raises ``UserError`` when the round has no
    reviews.
    """
    lines = [line for each in _some(connection, project, round) for line in _lines(each)]
    return csv_text([COLUMNS, *lines])


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV; without the mark in front, spreadsheets do not read it as UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows([[safe_cell(value) for value in row] for row in rows])
    return BOM + written.getvalue()


def safe_cell(value: object) -> str:
    """A value as a cell that no spreadsheet runs; None is the empty cell."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def reviewed(connection: Connection, round: Round) -> Iterator[Reviewed]:
    """Every sample that someone said something about, diagnosed or not, by role and sample."""
    diagnoses = {found.sample: found for found in store.diagnoses_of(connection, round.id)}
    histories = store.review_histories(connection, round.id)
    for role in ("validation", "test"):
        for prediction in store.predictions_of(connection, round.id, role):
            history = histories.get(prediction.sample)
            if history:
                yield Reviewed(
                    sample=store.get_sample(connection, prediction.sample),
                    prediction=prediction,
                    diagnosis=diagnoses.get(prediction.sample),
                    history=history,
                )


def _some(connection: Connection, project: Project, round: Round) -> list[Reviewed]:
    found = list(reviewed(connection, round))
    if not found:
        raise UserError(f"Round {round.number} of '{project.name}' has no reviews to export: review some cases first.")
    return found


def _row(each: Reviewed) -> dict[str, object]:
    found, sample = each.diagnosis, each.sample
    beside = {name: text for name, text in (("hint", sample.hint), ("lecture", sample.lecture)) if text}
    return {
        "id": sample.source_id,
        "question": sample.question,
        **beside,
        "answer": sample.answer,
        "diagnosis": {"skill": found.skill, "teacher": found.teacher} | asdict(found.switch) if found else None,
        "reviews": [asdict(review) for review in each.history],
    }


def _lines(each: Reviewed) -> Iterator[tuple[object, ...]]:
    found = each.diagnosis
    machine: tuple[object, ...] = (None,) * 4
    if found:
        switch = found.switch
        machine = (switch.mistake_step, found.skill, switch.status, f"{switch.confidence:.4f}")
    asked = (each.sample.source_id, each.sample.question, each.sample.answer, each.prediction.answer, *machine)
    for said in each.history:
        decided = (said.reviewer, said.verdict, said.mistake_step, said.skill, said.answer, said.note, said.created)
        yield (*asked, *decided, each.sample.hint, each.sample.lecture)
