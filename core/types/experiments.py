"""The arms of an experiment, its trials, and the teacher's output for it beyond the diagnoses."""

from dataclasses import dataclass
from typing import Any, Literal

from core.types.diagnoses import RoundId

Arm = Literal["untuned", "random", "insta", "random_step", "step_text", "targeted", "validation", "full"]
Method = Literal["answer_switch", "prompt_per_step", "pseudo_rationale", "random_step"]

BUDGETED_ARMS: tuple[Arm, ...] = ("random", "insta", "random_step", "step_text", "targeted")
"""The arms that take a budget; the size of the others is fixed, and their budget is 0."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One arm at one budget with one seed, starting from the student of the round ``base`` (id).

    ``setup`` is a short hash of everything else that decides the outcome. ``selection``, ``run`` and ``round`` (the
    round that is measured, with a negative number) are None until they exist; ``refused`` says why the trial was
    impossible; ``chosen`` is the size of the selection.
    """

    id: int = 0
    project: int
    base: RoundId
    setup: str
    arm: Arm
    budget: int
    seed: int
    selection: int | None = None
    run: int | None = None
    round: RoundId | None = None
    refused: str = ""
    chosen: int = 0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a teacher said about one error for a ``method``; ``variant`` names the settings, ``value`` is JSON."""

    round: RoundId
    teacher: str
    method: Method
    variant: str
    sample: int
    value: Any
