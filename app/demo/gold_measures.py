"""Measures the diagnoses of the demo against its ground truth: mistake steps and skills.

For measuring only: nothing that the app selects or tunes on may come from here.
"""

import statistics
from collections.abc import Iterator
from typing import Any

from app.projects.lookup import find_project, find_round
from assets import demo as files
from assets.demo.gold import gold_mistake, load_phrases, load_truth
from core.types import Diagnosis, Prediction
from storage import store
from storage.database import Database


def measure_against_gold(db: Database, project: str) -> dict[str, Any]:
    """Shares of round 0's diagnosed errors whose gold mistake step, and whose gold skill, were found.

    ``identification`` holds the shares of the answer switch and of three simple guesses (``random``: its expectation);
    ``skills`` the share of errors whose skill was named correctly. Errors in which no step of the student is the first
    false one (a step is missing, or only the final answer is wrong) are counted as ``without_gold`` instead.
    """
    phrases = load_phrases(files.TRUTH / "skills.json")
    steps: dict[str, list[float]] = {"answer_switch": [], "random": [], "first": [], "last": []}
    named: list[bool] = []
    without = 0
    for gold, prediction, found in _diagnosed_errors(db, project):
        count = len(prediction.steps)
        if gold is None or gold[0] > count:
            without += 1
            continue
        step, skill = gold
        steps["answer_switch"].append(found.switch.mistake_step == step)
        steps["random"].append(1 / count)
        steps["first"].append(step == 1)
        steps["last"].append(step == count)
        named.append(phrases.get(found.skill.strip().lower()) == skill)
    shares = {name: statistics.fmean(each) if each else 0.0 for name, each in steps.items()}
    skills = {"gold_share": statistics.fmean(named) if named else 0.0, "errors": len(named), "without_gold": without}
    return {"identification": shares, "skills": skills}


def _diagnosed_errors(db: Database, project: str) -> Iterator[tuple[tuple[int, str] | None, Prediction, Diagnosis]]:
    """Gold mistake (step and skill, or None), prediction and diagnosis of each diagnosed error of round 0."""
    truth = load_truth(files.TRUTH / "validation.jsonl")
    with db.read() as connection:
        base = find_round(connection, find_project(connection, project), 0).id
        predictions = {each.sample: each for each in store.predictions_of(connection, base, "validation")}
        samples = store.samples_by_id(connection, predictions)
        for found in store.diagnoses_of(connection, base):
            prediction = predictions[found.sample]
            yield gold_mistake(truth[samples[found.sample].source_id], prediction.steps), prediction, found
