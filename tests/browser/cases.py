"""Sixty errors with curves, written straight into a database: what reviewing is tested on, without any model."""

import hashlib
import io
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from core.answer_switch import find_switch
from core.types import Curve, Diagnosis, Prediction, Sample, Settings
from storage import store
from storage.database import open_database
from tests.projects.demo_mistakes import a_prediction

PROJECT = "cases"
CASES = 60
SUPPORT = 30
NASTY = (
    '<img src=x onerror="window.xss=1">',
    "<script>window.xss=1</script>",
    "</textarea></title></style></script><svg onload=window.xss=1>",
    "\"><iframe srcdoc='<script>parent.xss=1</script>'>",
    "${window.xss=1} {{constructor.constructor('window.xss=1')()}} `x` \\frac{a}{b}",
    "<a href='javascript:window.xss=1'>x</a><img src=http://evil.example/x>",
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image in memory, as an importer would hand it over."""

    hash: str
    content: bytes
    mime: str = "image/png"
    path: str = ""
    width: int = 8
    height: int = 8

    def read(self) -> bytes:
        return self.content


def picture() -> Picture:
    """A small one."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(buffer, "PNG")
    return Picture(hash=hashlib.sha256(buffer.getvalue()).hexdigest(), content=buffer.getvalue())


def fill(data: Path) -> None:
    """A project of ``CASES`` wrong validation answers, the least sure ones with the nasty texts."""
    shown = picture()
    with closing(open_database(data)) as db, db.write() as connection:
        project = store.create_project(connection, PROJECT, student="student", teacher="teacher", settings=Settings())
        images = {shown.hash: shown}
        new = [_sample(number, shown.hash) for number in range(CASES)]
        store.save_samples(connection, project=project.id, role="validation", samples=new, images=images)
        at = store.rounds_of(connection, project.id)[0].id
        known = list(store.samples_of(connection, project=project.id, role="validation"))
        predictions = [_prediction(at, sample) for sample in known]
        store.save_predictions(connection, predictions)
        store.save_diagnoses(
            connection,
            [_diagnosis(each, sample, n) for n, (each, sample) in enumerate(zip(predictions, known, strict=True))],
        )
        support = [_support(number, shown.hash) for number in range(SUPPORT)]
        store.save_samples(connection, project=None, role="support", name="lessons", samples=support, images=images)


def _support(number: int, image: str) -> Sample:
    label = "reading handwritten digits" if number % 3 else "adding two digits"
    return Sample(
        source_id=f"lesson-{number}", question=f"Lesson {number}?", answer="yes", response="The answer is yes.",
        skill_label=label, task=f"task {number % 3}", image=image if number == 0 else None,
    )  # fmt: skip


def _text(number: int, plain: str) -> str:
    return NASTY[number] if number < len(NASTY) else plain


def _sample(number: int, image: str) -> Sample:
    text = _text(number, f"What is the sum of the digits in picture {number}?")
    return Sample(
        source_id=f"case-{number}", question=text, options=("right", "wrong", _text(number, "other")), answer="right",
        category="colours" if number % 4 == 0 and number != 4 else "digits", task=text, image=image,
    )  # fmt: skip


def _prediction(at: int, sample: Sample) -> Prediction:
    steps = (f"{sample.question} one.", "The digit is 7.", "The sum is 16.")
    said = a_prediction("wrong", steps, round=at, sample=sample.id)
    start = said.text.rindex("wrong")
    return replace(said, span=(start, start + 5))


def _diagnosis(prediction: Prediction, sample: Sample, number: int) -> Diagnosis:
    rise = 0.02 + number * 0.005
    rows = ((0.6, 0.2, 0.2), (0.5, 0.3, 0.2), (0.4 - rise, 0.5 + rise, 0.1), (0.3, 0.5, 0.2))
    curve = Curve(candidates=sample.options, truth=0, predicted=1, probabilities=rows)
    return Diagnosis(
        round=prediction.round, sample=sample.id, curve=curve, switch=find_switch(curve, delta=0.0, lam=2),
        skill=_text(number, "adding two digits"), prior=0.6, delta=0.0, lam=2, teacher="teacher",
        skill_step=2,
    )  # fmt: skip
