"""The gold mistake step of a generated rationale: known here since the world is, used for measuring, never shown.

A gold mistake is the first step that is not the true rationale's step at that place. The app sees none of this.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The true steps of one sample and the skill of each."""

    steps: tuple[str, ...]
    skills: tuple[str, ...]


def load_truth(path: Path) -> dict[str, Truth]:
    """Source id to truth, from ``truth/validation.jsonl`` or ``truth/test.jsonl``."""
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return {row["id"]: Truth(steps=tuple(row["steps"]), skills=tuple(row["skills"])) for row in rows}


def load_phrases(path: Path) -> dict[str, str]:
    """Phrase to skill, from ``truth/skills.json``."""
    return {phrase: skill for skill, phrases in json.loads(path.read_text()).items() for phrase in phrases}


def gold_mistake(truth: Truth, steps: Sequence[str]) -> tuple[int, str] | None:
    """The first false step (from 1) and the skill it lacked; None when every true step is there as it should be."""
    for number, (true, skill) in enumerate(zip(truth.steps, truth.skills, strict=True), 1):
        if number > len(steps) or steps[number - 1] != true:
            return number, skill
    return None
