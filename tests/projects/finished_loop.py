"""A project after one whole loop, written into the database without any model, for tests of comparisons.

Half of each category was wrong before tuning; sums were fixed, maps broken (unless told not to), colours unchanged.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from sqlalchemy import Connection

from app.reviews.verdicts import accept_all
from app.selections.draw import make_selection
from core.answer_switch import find_switch
from core.types import Curve, Diagnosis, Prediction, Role, Sample, Settings, TuningSettings, Update
from storage import store
from storage.database import Database, open_database
from tests.browser.cases import Picture

LOOP = "finished"
SUPPORT = "lessons"
SKILLS = {"sums": "adding two digits", "maps": "reading a map", "colours": "naming a colour"}
CATEGORIES = tuple(SKILLS)
BUDGET = 12


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many samples each set has."""

    validation: int = 60
    test: int = 60
    support: int = 45


def finish_loop(db: Database, sizes: Sizes = Sizes(), *, breaks: bool = True, diagnose_after: bool = True) -> str:
    """Fill the database and return the project's name. Round 0 is reviewed by Ada, round 1 by nobody."""
    with db.write() as connection:
        project = store.create_project(
            connection, LOOP, student="s", teacher="t", settings=Settings(support=SUPPORT)
        ).id
        base = store.rounds_of(connection, project)[0].id
        pictures = [_picture(colour) for colour in ("teal", "orange", "navy")]
        images = {each.hash: each for each in pictures}
        wanted: tuple[tuple[Role, int], ...] = (("validation", sizes.validation), ("test", sizes.test))
        for role, number in wanted:
            asked = [_sample(role, place, pictures[place % 3].hash) for place in range(number)]
            store.save_samples(connection, project=project, role=role, samples=asked, images=images)
        lessons = [_lesson(place, pictures[place % 3].hash) for place in range(sizes.support)]
        store.save_samples(connection, project=None, role="support", name=SUPPORT, samples=lessons, images=images)
        _answer(connection, project, base, lambda place, category: place // 3 % 2 == 1)
        _diagnose(connection, project, base)
    accept_all(db, LOOP, reviewer="Ada", round_number=0)
    selection = make_selection(db, LOOP, budget=BUDGET, round_number=0)
    with db.write() as connection:
        opened = _tune(connection, project, selection.id, base)
        _answer(connection, project, opened, lambda place, category: _after(place, category, breaks=breaks))
        if diagnose_after:
            _diagnose(connection, project, opened)
    return LOOP


def finished(data: Path, sizes: Sizes = Sizes(), *, breaks: bool = True) -> None:
    """``finish_loop`` in a new data directory."""
    db = open_database(data)
    finish_loop(db, sizes, breaks=breaks)
    db.close()


def _after(place: int, category: str, *, breaks: bool) -> bool:
    was = place // 3 % 2 == 1
    return {"sums": True, "maps": was and not breaks, "colours": was}[category]


def _sample(role: Role, place: int, image: str) -> Sample:
    return Sample(
        source_id=f"{role}-{place}", question=f"What does {role} picture {place} show?", options=("right", "wrong"),
        answer="right", category=CATEGORIES[place % 3], task="shown", image=image if place % 5 else None,
    )  # fmt: skip


def _lesson(place: int, image: str) -> Sample:
    label = SKILLS[CATEGORIES[place % 3]]
    return Sample(
        source_id=f"lesson-{place}", question=f"Lesson {place}: what is shown?", answer="yes", skill_label=label,
        response="The answer is yes.", task=f"task {place % 4}", image=image if place == 0 else None,
    )  # fmt: skip


def _answer(connection: Connection, project: int, at: int, right: Callable[[int, str], bool]) -> None:
    for role in ("validation", "test"):
        known = store.samples_of(connection, project=project, role=role)
        said = [_prediction(at, sample, correct=right(place, sample.category)) for place, sample in enumerate(known)]
        store.save_predictions(connection, said)


def _prediction(at: int, sample: Sample, *, correct: bool) -> Prediction:
    answer = "right" if correct else "wrong"
    steps = (f"The picture belongs to {sample.category}.", f"It looks {answer} to round {at}.", f"So it is {answer}.")
    text = " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1)) + f" The answer is {answer}."
    return Prediction(
        round=at, sample=sample.id, text=text, steps=steps, answer=answer, reading="the answer is", correct=correct
    )


def _diagnose(connection: Connection, project: int, at: int) -> None:
    samples = {each.id: each for each in store.samples_of(connection, project=project, role="validation")}
    wrong = [each for each in store.predictions_of(connection, at, "validation") if not each.correct]
    store.save_diagnoses(connection, [_diagnosis(each, samples[each.sample].category) for each in wrong])


def _diagnosis(said: Prediction, category: str) -> Diagnosis:
    rows = ((0.6, 0.4), (0.6, 0.4), (0.3, 0.7), (0.2, 0.8))
    curve = Curve(candidates=("right", "wrong"), truth=0, predicted=1, probabilities=rows)
    return Diagnosis(
        round=said.round, sample=said.sample, curve=curve, switch=find_switch(curve, delta=0.0, lam=2),
        skill=SKILLS[category], prior=0.6, delta=0.0, lam=2, teacher="t", skill_step=2,
    )  # fmt: skip


def _tune(connection: Connection, project: int, selection: int, base: int) -> int:
    settings = TuningSettings(rank=2, alpha=4)
    run = store.create_run(connection, project=project, selection=selection, from_round=base, settings=settings).id
    update = Update(run=run, number=1, total=1, epoch=1.0, loss=0.5, learning_rate=1e-3, samples_per_second=5.0)
    store.save_updates(connection, [update])
    store.finish_run(connection, run, f"run-{run}/adapter")
    return store.open_round(connection, project, run=run).id


def _picture(colour: str) -> Picture:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "PNG")
    content = buffer.getvalue()
    return Picture(hash=hashlib.sha256(content).hexdigest(), content=content)
