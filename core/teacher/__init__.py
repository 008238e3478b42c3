"""What a teacher is: a text-only model that judges rationales and names skills, wherever it runs.

Knows no model library; ``core.teacher.local`` holds the teacher on this machine.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from core.errors import UserError
from core.types import Curve, Prediction, Sample, Settings, Skipped

# The end of a phrase: a new line or a full stop, once something was said. After a digit the stop may yet be a decimal
# point.
END = re.compile(r"(?<=\S)\s*?(?:\n|\.(?=\s)|(?<!\d)\.$)")


class Teacher(Protocol):
    """A text-only language model. ``name`` is stored with every diagnosis it makes."""

    @property
    def name(self) -> str:
        """The model's name as it was asked for."""

    @property
    def remark(self) -> str:
        """What a person should know of how it judges, in a sentence; "" where there is nothing to say."""

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        """The answer-switch curve of each wrong prediction, with the item's place in ``items`` (from 0), in any order.

        Reads ``settings.prior`` and ``settings.candidates_as``. ``Skipped`` where the item is beyond this teacher;
        never a curve of a shortened text. Raises ValueError for a prediction without an answer or with the right one.
        """

    def complete(self, prompts: Sequence[str], max_words: int) -> Sequence[str | Skipped]:
        """How the teacher carries each prompt on, in the order of the prompts: greedily, up to the end of a sentence.

        About ``max_words`` words at most; "" where a prompt is too long for this teacher, ``Skipped`` where every try
        to ask failed.
        """


def phrase_of(text: str) -> str:
    """The phrase that a continuation begins with: up to the end of its line or sentence."""
    return END.split(text.lstrip(), maxsplit=1)[0].rstrip()


def all_said(replies: Iterable[str | Skipped]) -> list[str]:
    """The replies of ``Teacher.complete``, for work that needs each. Raises UserError with why the first is missing."""
    said = []
    for each in replies:
        if isinstance(each, Skipped):
            raise UserError(each.reason)
        said.append(each)
    return said
