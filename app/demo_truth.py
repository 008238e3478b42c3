"""What is true in the demo's world, against what the machine found: mistake steps, skills and hits, for measuring only.

Nothing that the app selects or tunes on may come from here; a selection keeps how precise its hits are once it is made.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.projects import find_project, find_round
from assets import demo as files
from assets.demo.gold import gold_mistake, load_phrases, load_truth
from core.types import Diagnosis, Hit, Prediction, Sample
from storage import store
from storage.database import Database
from storage.store import Project


def found_by_the_machine(db: Database, project: str) -> dict[str, Any]:
    """Shares of round 0's diagnosed errors whose gold mistake step, and whose gold skill, were found.

    ``identification`` has the answer switch and three simple guesses (``random`` is its expectation); ``skills`` the
    share of errors whose skill the machine named as it is, from image to phrase. An error counts when one of the steps
    that the student wrote is the first false one; the few where none is (a step was left out, or only the final answer
    is wrong) are counted as ``without_gold``.
    """
    phrases = load_phrases(files.TRUTH / "skills.json")
    steps: dict[str, list[float]] = {"answer_switch": [], "random": [], "first": [], "last": []}
    named: list[bool] = []
    without = 0
    for gold, prediction, found in _errors(db, project):
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


def precisions(support: str, hits: Sequence[Hit], samples: Mapping[int, Sample]) -> dict[str, float]:
    """The share of each skill's hits that truly exercise it, by skill; empty for a support set other than the demo's.

    A label of the demo's support set names every skill of its sample. Skills whose wording is none of the world's are
    left out: nobody knows what would be right for them.
    """
    if support != files.SUPPORT_NAME:
        return {}
    phrases = load_phrases(files.TRUTH / "skills.json")
    right: dict[str, list[bool]] = defaultdict(list)
    for hit in hits:
        wanted = phrases.get(hit.skill.strip().lower())
        if wanted is not None:
            exercised = {phrases.get(each) for each in samples[hit.sample].skill_label.lower().split("; ")}
            right[hit.skill].append(wanted in exercised)
    return {skill: statistics.fmean(each) for skill, each in right.items()}


def known_mistakes(c: Connection, project: Project, round: int) -> dict[int, int | None]:
    """The gold mistake step of each validation prediction of a round by sample id; empty outside the demo's world."""
    if project.student != "assets/demo/student":
        return {}
    truth = load_truth(files.TRUTH / "validation.jsonl")
    predictions = {each.sample: each for each in store.predictions_of(c, round, "validation")}
    samples = store.samples_by_id(c, predictions)
    found = {
        key: gold_mistake(truth[samples[key].source_id], each.steps)
        for key, each in predictions.items()
        if samples[key].source_id in truth
    }
    return {sample: gold and gold[0] for sample, gold in found.items()}


def _errors(db: Database, project: str) -> Iterator[tuple[tuple[int, str] | None, Prediction, Diagnosis]]:
    """Gold mistake (step and skill, or None), prediction and diagnosis of each diagnosed error of round 0."""
    truth = load_truth(files.TRUTH / "validation.jsonl")
    with db.read() as connection:
        base = find_round(connection, find_project(connection, project), 0).id
        predictions = {each.sample: each for each in store.predictions_of(connection, base, "validation")}
        samples = store.samples_by_id(connection, predictions)
        for found in store.diagnoses_of(connection, base):
            prediction = predictions[found.sample]
            yield gold_mistake(truth[samples[found.sample].source_id], prediction.steps), prediction, found
