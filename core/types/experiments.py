"""The arms of an experiment, its trials, and what a teacher said for it beside the diagnoses."""

from dataclasses import dataclass
from typing import Any, Literal

Arm = Literal["untuned", "random", "insta", "random_step", "step_text", "targeted", "validation", "full"]
Method = Literal["answer_switch", "prompt_per_step", "pseudo_rationale", "random_step"]

BUDGETED_ARMS: tuple[Arm, ...] = ("random", "insta", "random_step", "step_text", "targeted")
"""The arms that take a budget; the others have a size of their own, and their budget is 0."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One arm at one budget with one seed, from the student of the round ``base`` (id).

    ``setup`` is a short hash of whatever else decides the outcome. ``selection``, ``run`` and ``round`` (the round it
    is measured in, with a negative number) are None until there is one; ``refused`` says why it could not be done,
    ``chosen`` is the size of the selection.
    """

    id: int = 0
    project: int
    base: int
    setup: str
    arm: Arm
    budget: int
    seed: int
    selection: int | None = None
    run: int | None = None
    round: int | None = None
    refused: str = ""
    chosen: int = 0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a teacher said of one error for a ``method``; ``variant`` names the settings, ``value`` is JSON."""

    round: int
    teacher: str
    method: Method
    variant: str
    sample: int
    value: Any
