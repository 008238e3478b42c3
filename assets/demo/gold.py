"""The gold mistake step of a generated rationale: known because the world is, used only for measuring.

It is the first step that differs from the true rationale's step at that place.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The true steps of one sample, and the skill of each."""

    steps: tuple[str, ...]
    skills: tuple[str, ...]


def load_truth(path: Path) -> dict[str, Truth]:
    """Truths by source id, from ``truth/validation.jsonl`` or ``truth/test.jsonl``."""
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return {row["id"]: Truth(steps=tuple(row["steps"]), skills=tuple(row["skills"])) for row in rows}


def load_phrases(path: Path) -> dict[str, str]:
    """Skills by phrase, from ``truth/skills.json``."""
    return {phrase: skill for skill, phrases in json.loads(path.read_text()).items() for phrase in phrases}


def gold_mistake(truth: Truth, steps: Sequence[str]) -> tuple[int, str] | None:
    """The first false step (from 1) and the skill it lacks; None when every true step is there."""
    for number, (true, skill) in enumerate(zip(truth.steps, truth.skills, strict=True), 1):
        if number > len(steps) or steps[number - 1] != true:
            return number, skill
    return None
