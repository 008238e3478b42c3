"""A generated project for measuring the page: many errors with curves, and a large labelled support set.

Written into a database through the store, without models and images. ``Walk`` is a simple model of reviewing by keys,
with which the page and the database are compared.
"""

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.answer_switch import find_switch
from core.types import Curve, Diagnosis, Prediction, Sample, Settings
from storage import store
from storage.database import open_database
from storage.store import Case

PROJECT = "big"
SUPPORT = "big-support"
ACTS = ("reading", "counting", "comparing", "locating", "naming", "estimating", "recognising", "tracing")
THINGS = (
    "handwritten digits", "bar charts", "traffic signs", "small objects", "map legends", "facial expressions",
    "chemical symbols", "line plots", "road scenes", "food items", "tables of numbers", "spatial relations",
)  # fmt: skip
PLACES = ("in photos", "in drawings", "in scans", "under glare", "at night", "from above")
BATCH = 50_000
VERDICTS = {"a": "accepted", "r": "rejected", "s": "skipped"}


def skills(number: int, rng: random.Random) -> list[str]:
    """Distinct skill phrases, made unique by a number."""
    return [f"{rng.choice(ACTS)} {rng.choice(THINGS)} {rng.choice(PLACES)} {n % 997}" for n in range(number)]


def fill(data: Path, *, errors: int, support: int, seed: int = 0) -> None:
    """A project with so many diagnosed errors, and a support set of so many samples, fifty a label."""
    rng = random.Random(seed)
    db = open_database(data)
    labels = skills(max(20, support // 50), rng)
    with db.write() as c:
        project = store.create_project(
            c, PROJECT, student="student", teacher="teacher", settings=Settings(support=SUPPORT)
        )
        samples = [_sample(number, rng) for number in range(errors)]
        store.save_samples(c, project=project.id, role="validation", samples=samples, images={})
        at = store.rounds_of(c, project.id)[0].id
        known = list(store.samples_of(c, project=project.id, role="validation"))
        predictions = [_prediction(at, sample, rng) for sample in known]
        store.save_predictions(c, predictions)
        store.save_diagnoses(c, [_diagnosis(each, rng, labels) for each in predictions])
    for start in range(0, support, BATCH):
        with db.write() as c:
            batch = _support(range(start, min(support, start + BATCH)), labels, rng)
            store.save_samples(c, project=None, role="support", name=SUPPORT, samples=batch, images={})
    db.close()


def made(kept: Path, *, errors: int, support: int) -> Path:
    """The data folder of a project of that size below ``kept``, filled unless it is complete already."""
    folder, part = kept / f"{errors}-{support}", kept / f"{errors}-{support}.part"
    if not folder.exists():
        shutil.rmtree(part, ignore_errors=True)
        fill(part, errors=errors, support=support)
        part.rename(folder)
    return folder


@dataclass(kw_only=True)
class Walk:
    """What keys should do on a list of cases: ``said`` are the verdicts (sample, verdict, step), ``at`` the index.

    J and K go to the next or previous case, a verdict to the next case without one.
    """

    cases: Sequence[Case]
    at: int
    said: list[tuple[int, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = [case.mistake_step or 0 for case in self.cases]
        self.waiting = [case.review is None for case in self.cases]

    @property
    def sample(self) -> int:
        """The sample of the current case."""
        return self.cases[self.at].sample.id

    def press(self, key: str) -> None:
        """Apply a key: j, k, a, r, s or a step."""
        if key in "jk":
            self.at = min(max(self.at + (1 if key == "j" else -1), 0), len(self.cases) - 1)
        elif key.isdigit():
            self.steps[self.at] = int(key)
        else:
            self._decide(key)

    def _decide(self, key: str) -> None:
        found = self.cases[self.at].diagnosis
        machine = found.switch.mistake_step or 0 if found else 0
        step = self.steps[self.at]
        self.said.append((self.sample, "edited" if key == "a" and step != machine else VERDICTS[key], step))
        if key != "a":
            self.steps[self.at] = machine
        self.waiting[self.at] = False
        order = [*range(self.at + 1, len(self.cases)), *range(self.at)]
        self.at = next((place for place in order if self.waiting[place]), self.at)


def _sample(number: int, rng: random.Random) -> Sample:
    return Sample(
        source_id=f"v{number}",
        question=f"What does the {rng.choice(THINGS)} {rng.choice(PLACES)} show, item {number}?",
        options=("first", "second", "third", "fourth"),
        answer="first",
        category=f"category {rng.randrange(12)}",
        task="generated",
    )


def _prediction(at: int, sample: Sample, rng: random.Random) -> Prediction:
    steps = tuple(f"The {rng.choice(THINGS)} lies {rng.choice(PLACES)}, {rng.randrange(100)}." for _ in range(5))
    text = " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1)) + " The answer is second."
    span = (text.rindex("second"), text.rindex("second") + 6)
    return Prediction(
        round=at, sample=sample.id, text=text, steps=steps, answer="second", reading="the answer is", span=span,
        correct=False,
    )  # fmt: skip


def _diagnosis(prediction: Prediction, rng: random.Random, labels: list[str]) -> Diagnosis:
    switch, rows = rng.randint(1, 5), [(0.6, 0.2, 0.1, 0.1)]
    for step in range(1, 6):
        wrong = rng.uniform(0.5, 0.8) if step >= switch else rng.uniform(0.05, 0.3)
        rows.append((0.85 - wrong, wrong, 0.1, 0.05))
    curve = Curve(candidates=("first", "second", "third", "fourth"), truth=0, predicted=1, probabilities=tuple(rows))
    return Diagnosis(
        round=prediction.round, sample=prediction.sample, curve=curve, switch=find_switch(curve, delta=0.0, lam=2),
        skill=rng.choice(labels[:200]), prior=0.6, delta=0.0, lam=2, teacher="teacher",
    )  # fmt: skip


def _support(numbers: range, labels: list[str], rng: random.Random) -> Iterator[Sample]:
    for number in numbers:
        yield Sample(
            source_id=f"s{number}", question=f"Question {number}?", answer="yes", response="The answer is yes.",
            skill_label=rng.choice(labels), task=f"task {number % 40}",
        )  # fmt: skip
