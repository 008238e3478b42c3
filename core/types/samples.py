"""Samples, rows of a file that were refused, and samples that a model skipped."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.errors import single_line

_MAX_REASON_LENGTH = 1_000  # characters; thousands of refusals are kept for one file
Role = Literal["validation", "test", "support"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled question.

    ``image`` is the content hash of the image (None: text only). ``options`` is empty for free-form questions.
    ``answer`` is the truth as text (with options, exactly one of them); ``answers`` are all human answers where a
    free-form question has several (VQA). ``hint`` is shown with the question, ``lecture`` only to people and the
    teacher. For support samples, ``response`` is the assistant turn that tuning learns from and ``skill_label`` names
    the skills it exercises.
    """

    id: int = 0
    source_id: str
    question: str
    options: tuple[str, ...] = ()
    answer: str
    category: str = ""
    task: str = ""
    response: str = ""
    skill_label: str = ""
    image: str | None = None
    answers: tuple[str, ...] = ()
    hint: str = ""
    lecture: str = ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A refused row of an import: file and line (from 1), the field, and the reason as a sentence."""

    file: str
    line: int
    field: str
    reason: str

    def __post_init__(self) -> None:
        for name in ("file", "field", "reason"):  # they may quote the file
            object.__setattr__(self, name, single_line(getattr(self, name), _MAX_REASON_LENGTH))


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An item that a model could not handle; ``reason`` is a sentence for the user that says what to do.

    ``failed`` is True where every request failed, so that asking again may succeed.
    """

    reason: str
    failed: bool = False


OnSkipped = Callable[[Sample, Skipped], None]
"""Called with each sample that is left out, and why."""
