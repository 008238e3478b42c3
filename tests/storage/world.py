"""Small projects for the storage tests: samples, errors and diagnoses whose fields all differ."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from core.types import (
    Adoption,
    Curve,
    Diagnosis,
    Hit,
    Prediction,
    Review,
    Sample,
    Selection,
    Settings,
    Switch,
    TuningEstimate,
    Update,
    Verdict,
)
from storage import store

AN_ESTIMATE = TuningEstimate(
    updates=125,
    seconds=27.5,
    samples_per_second=72.7,
    memory=2**31,
    capacity=2**34,
    batch_size=16,
    measured=5,
    device="cpu",
    samples=2000,
    left_out=3,
    trainable=100,
    parameters=1000,
    padding=0.04,
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    hash: str
    content: bytes = b"picture"
    mime: str = "image/png"
    path: str = ""
    width: int = 8
    height: int = 6

    def read(self) -> bytes:
        return self.content


def a_sample(number: int, *, label: str = "", image: str | None = None) -> Sample:
    return Sample(
        source_id=f"s{number}",
        question=f"What is {number} and 2?",
        options=(str(number), str(number + 2)),
        answer=str(number + 2),
        category=f"category {number % 3}",
        task=f"task {number % 2}",
        response=f"The answer is {number + 2}.",
        skill_label=label,
        image=image,
    )


def a_prediction(round: int, sample: int, *, correct: bool = False, answer: str | None = "7") -> Prediction:
    return Prediction(
        round=round,
        sample=sample,
        text=f"Step 1: first of {sample}. Step 2: second.",
        steps=(f"first of {sample}.", "second."),
        answer=answer,
        reading="the answer is",
        span=(3, 7),
        correct=correct,
    )


def a_diagnosis(round: int, sample: int, *, confidence: float = 0.5, skill: str = "adding numbers") -> Diagnosis:
    return Diagnosis(
        round=round,
        sample=sample,
        curve=Curve(
            candidates=("7", "9"), truth=1, predicted=0, probabilities=((0.1, 0.9), (1 / 3, 2 / 3), (0.7, 0.1 + 0.2))
        ),
        switch=Switch(status="switched", mistake_step=2, confidence=confidence),
        skill=skill,
        prior=0.6,
        delta=0.0,
        lam=2,
        teacher="tiny",
    )


def a_review(round: int, sample: int, verdict: Verdict, **more: object) -> Review:
    return Review(**{"round": round, "sample": sample, "reviewer": "Ada", "verdict": verdict} | more)


def an_adoption(project: int, round: int, **more: object) -> Adoption:
    values = {"against": None, "role": "", "passed": True, "findings": ("Nothing broke.",), "reviewer": "Ada"}
    return Adoption(**{"project": project, "round": round, **values} | more)


def a_selection(round: int, hits: Iterable[Hit], **more: object) -> Selection:
    values = {"project": 1, "round": round, "support": "flan", "budget": 1, "seed": 0, "demands": (), "leaked": 0}
    return Selection(**values | {"hits": tuple(hits)} | more)


def an_update(run: int, number: int, **more: object) -> Update:
    values = {"total": 10, "epoch": number / 10, "loss": 2.0, "learning_rate": 1e-4, "samples_per_second": 4.0}
    return Update(**{"run": run, "number": number, **values} | more)


def lessons(connection: Connection, samples: Iterable[Sample], name: str = "flan", **images: Picture) -> list[int]:
    """The samples in a support set; returns the ids of all that are in it."""
    store.save_samples(connection, project=None, role="support", name=name, samples=samples, images=images)
    return [each.id for each in store.support_samples(connection, name)]


def a_project(connection: Connection, name: str = "demo", *, validation: int = 0, test: int = 0) -> store.Project:
    project = store.create_project(
        connection, name, student="student", teacher="teacher", settings=Settings(support="flan")
    )
    sets = (("validation", range(validation)), ("test", range(10_000, 10_000 + test)))
    for role, numbers in sets:
        store.save_samples(connection, project=project.id, role=role, samples=map(a_sample, numbers), images={})
    return project


def a_round(connection: Connection, name: str = "demo", **sizes: int) -> tuple[int, list[int], list[int]]:
    """A project's round 0, in which nothing is answered; returns its id and those of validation and test samples."""
    project = a_project(connection, name, **sizes).id
    (base,) = store.rounds_of(connection, project)
    ids, tests = (
        [sample.id for sample in store.samples_of(connection, project=project, role=role)]
        for role in ("validation", "test")
    )
    return base.id, ids, tests


def a_round_of_errors(
    connection: Connection, errors: int, *, undiagnosed: int = 0, unclear: int = 0, name: str = "demo"
) -> tuple[int, list[int]]:
    """A project's round 0 with that many errors, the last ones without a diagnosis, of these the last ones with an
    unclear answer; returns round and sample ids."""
    base, ids, tests = a_round(connection, name, validation=errors, test=3)
    read = [a_prediction(base, sample) for sample in (*ids[: errors - unclear], *tests)]
    store.save_predictions(
        connection, [*read, *(a_prediction(base, sample, answer=None) for sample in ids[errors - unclear :])]
    )
    diagnosed = ids[: errors - undiagnosed]
    found = [
        a_diagnosis(base, sample, confidence=(place * 7 % 5) / 5, skill=f"skill {place * 3 % 4}")
        for place, sample in enumerate(diagnosed)
    ]
    store.save_diagnoses(connection, found)
    return base, ids
