"""The questions: samples, and rows of a file that could not become one."""

from dataclasses import dataclass
from typing import Literal

from core.errors import single_line

# Thousands of them are kept of one file.
_MAX_REASON_LENGTH = 1_000
Role = Literal["validation", "test", "support"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled question.

    ``image`` is the content hash of its bytes (None: text only); ``options`` is empty for free-form questions;
    ``answer`` is the truth as text (with options exactly one of them), ``answers`` every answer that people gave where
    a free-form question has several (VQA); ``hint`` is shown with the question, ``lecture`` only to people and the
    teacher; ``response`` is the assistant turn that tuning learns from and ``skill_label`` names the skills it
    exercises (support samples).
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
    """One refused row of an import: file and line as a person counts them, the field, and the reason in a sentence."""

    file: str
    line: int
    field: str
    reason: str

    def __post_init__(self) -> None:
        for name in ("file", "field", "reason"):  # they hold what the file holds
            object.__setattr__(self, name, single_line(getattr(self, name), _MAX_REASON_LENGTH))
