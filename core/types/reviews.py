"""Human input: verdicts on diagnoses, and drafts of them."""

from dataclasses import dataclass
from typing import Literal

from core.types.diagnoses import RoundId

Verdict = Literal["accepted", "edited", "rejected", "skipped", "label_wrong", "misread", "cleared"]
ReviewState = Verdict | Literal["unreviewed"]

MAX_SKILL_LENGTH = 200  # characters, for reviewers and teachers alike


@dataclass(frozen=True, kw_only=True)
class Review:
    """A reviewer's verdict on a diagnosis. Append-only: the newest row of (round, sample) counts; "cleared" is an undo.

    ``mistake_step`` and ``skill`` are the values to use (those of the diagnosis when accepted unchanged); ``answer`` is
    the corrected reading for the verdict "misread".
    """

    id: int = 0
    round: RoundId
    sample: int
    reviewer: str
    verdict: Verdict
    mistake_step: int | None = None
    skill: str = ""
    answer: str | None = None
    note: str = ""
    created: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a reviewer typed on a case without deciding it; ``created`` is the time of the last change."""

    round: RoundId
    sample: int
    reviewer: str
    mistake_step: int | None = None
    skill: str = ""
    answer: str | None = None
    note: str = ""
    created: str = ""
