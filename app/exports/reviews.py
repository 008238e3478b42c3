"""A round's reviews as text for other tools: JSON lines, one a sample, or CSV that spreadsheets open safely.

Undone reviews are included, since reviews are never deleted.
"""

import csv
import io
import json
import re
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
# Where a spreadsheet takes a cell for a formula (OWASP, "CSV Injection"): also behind a semicolon, tab or line break
# inside a text, since in many countries a semicolon separates the cells, and quotes then do not hold.
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))([ \"]*)(?=[=+\-@＝＋－＠])")
BOM = "\ufeff"


@dataclass(frozen=True, kw_only=True)
class ReviewedSample:
    """A sample with its reviews, oldest first; ``diagnosis`` is None for a sample without one."""

    sample: Sample
    prediction: Prediction
    diagnosis: Diagnosis | None
    history: Sequence[Review]


def reviews_jsonl(connection: Connection, project: Project, round_: Round) -> str:
    """One JSON object a line for each reviewed sample: question, hint, lecture, answer, diagnosis and all reviews.

    Raises UserError where the round has no reviews.
    """
    return "".join(
        json.dumps(_json_row(each), ensure_ascii=False) + "\n"
        for each in _reviewed_or_raise(connection, project, round_)
    )


def reviews_csv(connection: Connection, project: Project, round_: Round) -> str:
    """A header and one line for each review, oldest first within a sample (``csv_text``).

    Raises UserError where the round has no reviews.
    """
    lines = [line for each in _reviewed_or_raise(connection, project, round_) for line in _csv_lines(each)]
    return csv_text([COLUMNS, *lines])


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV with safe cells, after a byte order mark, without which spreadsheets do not read it as UTF-8."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([[safe_cell(value) for value in row] for row in rows])
    return BOM + written.getvalue()


def safe_cell(value: object) -> str:
    """A value as a cell; single quotes keep a spreadsheet from running it as a formula. None is the empty cell."""
    return _FORMULA.sub(r"\1'", "" if value is None else str(value))


def reviewed(connection: Connection, round_: Round) -> Iterator[ReviewedSample]:
    """Every reviewed sample of the round, diagnosed or not, by role and sample."""
    diagnoses = {found.sample: found for found in store.diagnoses_of(connection, round_.id)}
    histories = store.review_histories(connection, round_.id)
    for role in ("validation", "test"):
        for prediction in store.predictions_of(connection, round_.id, role):
            history = histories.get(prediction.sample)
            if history:
                yield ReviewedSample(
                    sample=store.get_sample(connection, prediction.sample),
                    prediction=prediction,
                    diagnosis=diagnoses.get(prediction.sample),
                    history=history,
                )


def _reviewed_or_raise(connection: Connection, project: Project, round_: Round) -> list[ReviewedSample]:
    found = list(reviewed(connection, round_))
    if not found:
        raise UserError(f"Round {round_.number} of '{project.name}' has no reviews to export: review some cases first.")
    return found


def _json_row(each: ReviewedSample) -> dict[str, object]:
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


def _csv_lines(each: ReviewedSample) -> Iterator[tuple[object, ...]]:
    found = each.diagnosis
    machine: tuple[object, ...] = (None,) * 4
    if found:
        switch = found.switch
        machine = (switch.mistake_step, found.skill, switch.status, f"{switch.confidence:.4f}")
    asked = (each.sample.source_id, each.sample.question, each.sample.answer, each.prediction.answer, *machine)
    for said in each.history:
        decided = (said.reviewer, said.verdict, said.mistake_step, said.skill, said.answer, said.note, said.created)
        yield (*asked, *decided, each.sample.hint, each.sample.lecture)
