"""Projects of demo questions without images, each with a rationale whose last step is wrong, for the teacher."""

import json
import re
import zipfile
from functools import cache

from assets import demo
from core.importers.fields.inline_options import split_options
from core.types import EndpointSettings, Prediction, Sample, Settings
from storage import store
from storage.database import Database

QUICK = EndpointSettings(timeout=20.0, retries=2)
SETTINGS = Settings(candidates_as="text", skill_shots=0, max_new_tokens=64, endpoint=QUICK)


@cache
def mistakes(count: int) -> tuple[tuple[Sample, Prediction], ...]:
    """The first questions of the demo's validation set, with rationales whose last step gives a wrong option."""
    with zipfile.ZipFile(demo.VALIDATION) as whole:
        listing = next(name for name in whole.namelist() if name.endswith(".json"))
        rows = json.loads(whole.read(listing))[:count]
    truths = (demo.TRUTH / "validation.jsonl").read_text().splitlines()
    return tuple(_mistake(row, json.loads(truth)["steps"]) for row, truth in zip(rows, truths, strict=False))


def _mistake(row: dict[str, object], steps: list[str]) -> tuple[Sample, Prediction]:
    said, truth = (turn["value"] for turn in row["conversations"])  # type: ignore[index,attr-defined]
    question, options = split_options(said.replace("<image>\n", ""))
    sample = Sample(source_id=str(row["id"]), question=question, options=options, answer=truth)
    wrong = next(option for option in options if option != truth)
    wrong_steps = (*steps[:-1], re.sub(r"\d+\.$", f"{wrong}.", steps[-1]))
    return sample, a_prediction(wrong, wrong_steps)


def a_prediction(answer: str, steps: tuple[str, ...], *, round: int = 1, sample: int = 0) -> Prediction:
    text = " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1)) + f" The answer is {answer}."
    return Prediction(
        round=round, sample=sample, text=text, steps=steps, answer=answer, reading="the answer is", correct=False
    )


def fill(
    db: Database, name: str, *, teacher: str, count: int, settings: Settings = SETTINGS, student: str = "s"
) -> int:
    """Create a project with ``count`` errors to diagnose; returns the id of its round 0."""
    with db.write() as connection:
        project = store.create_project(connection, name, student=student, teacher=teacher, settings=settings)
        found = mistakes(count)
        saved = [sample for sample, _ in found]
        store.save_samples(connection, project=project.id, role="validation", samples=saved, images={})
        (at,) = store.rounds_of(connection, project.id)
        ids = {each.source_id: each.id for each in store.samples_of(connection, project=project.id, role="validation")}
        store.save_predictions(
            connection,
            [
                a_prediction(each.answer or "", each.steps, round=at.id, sample=ids[sample.source_id])
                for sample, each in found
            ],
        )
    return at.id
