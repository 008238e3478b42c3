"""The ground truth of the demo project: its mistake steps, and which hits exercise a skill."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from assets import demo as files
from assets.demo.gold import gold_mistake, load_phrases, load_truth
from core.types import Hit, RoundId, Sample
from storage import store
from storage.store import Project


def precisions(support: str, hits: Sequence[Hit], samples: Mapping[int, Sample]) -> dict[str, float]:
    """The share of each skill's hits that exercise it, by skill; empty for a support set other than the demo's.

    A label of the demo's support set names every skill of its sample. Skills whose wording is not one of the demo's
    are left out.
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


def known_mistakes(connection: Connection, project: Project, round_id: RoundId) -> dict[int, int | None]:
    """The gold mistake step of each validation prediction of a round by sample id; empty for other projects."""
    if project.student != "assets/demo/student":
        return {}
    truth = load_truth(files.TRUTH / "validation.jsonl")
    predictions = {each.sample: each for each in store.predictions_of(connection, round_id, "validation")}
    samples = store.samples_by_id(connection, predictions)
    found = {
        key: gold_mistake(truth[samples[key].source_id], each.steps)
        for key, each in predictions.items()
        if samples[key].source_id in truth
    }
    return {sample: gold and gold[0] for sample, gold in found.items()}
