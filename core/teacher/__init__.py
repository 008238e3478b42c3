"""The teacher's interface: a text-only model that judges rationales and names skills, wherever it runs.

``core.teacher.local`` and ``core.teacher.endpoint`` implement it. Imports no model library.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from core.errors import UserError
from core.parsing.reply import without_thoughts
from core.types import Curve, Prediction, Sample, Settings, Skipped

# The end of a phrase: a line break or full stop after some text. After a digit a final stop may be a decimal point.
PHRASE_END = re.compile(r"(?<=\S)\s*?(?:\n|\.(?=\s)|(?<!\d)\.$)")


class Teacher(Protocol):
    """A text-only language model. ``name`` is stored with every diagnosis."""

    @property
    def name(self) -> str:
        """The model's name as the project gives it."""

    @property
    def remark(self) -> str:
        """A sentence for the user about how it judges; "" when there is nothing to say."""

    def curves(
        self, items: Iterable[tuple[Sample, Prediction]], settings: Settings
    ) -> Iterator[tuple[int, Curve | Skipped]]:
        """The answer-switch curve of each wrong prediction, with its index in ``items``, in any order.

        Reads ``settings.prior`` and ``settings.candidates_as``. Returns Skipped for items this teacher cannot handle,
        never a curve of a truncated text. Raises ValueError for a prediction without an answer or with the correct one.
        """

    def complete(self, prompts: Sequence[str], max_words: int) -> Sequence[str | Skipped]:
        """Greedy continuations of the prompts, in order, each up to the end of a sentence.

        At most about ``max_words`` words; "" where a prompt is too long for a teacher on this machine, Skipped where
        an endpoint gave no whole reply.
        """


def first_phrase(text: str) -> str:
    """The phrase at the start of a continuation: up to the end of its line or sentence."""
    return PHRASE_END.split(text.lstrip(), maxsplit=1)[0].rstrip()


def is_whole_phrase(text: str, max_words: int = 10**9) -> bool:
    """Whether a text that was cut off holds a whole phrase: up to the end of its line or sentence, or so many words."""
    said = without_thoughts(text).strip(" ")
    return PHRASE_END.search(said) is not None or len(said.split()) > max_words


def require_replies(replies: Iterable[str | Skipped]) -> list[str]:
    """The replies of ``Teacher.complete`` when all are needed. Raises UserError with the first reason otherwise."""
    found = []
    for reply in replies:
        if isinstance(reply, Skipped):
            raise UserError(reply.reason)
        found.append(reply)
    return found
