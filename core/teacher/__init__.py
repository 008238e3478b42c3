"""The teacher's interface: a text-only model that judges rationales and names skills, wherever it runs.

``core.teacher.local`` and ``core.teacher.endpoint`` implement it. Imports no model library.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from core.errors import UserError
from core.types import Curve, Prediction, Sample, Settings, Skipped


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


def require_replies(replies: Iterable[str | Skipped]) -> list[str]:
    """The replies of ``Teacher.complete`` when all are needed. Raises UserError with the first reason otherwise."""
    found = []
    for reply in replies:
        if isinstance(reply, Skipped):
            raise UserError(reply.reason)
        found.append(reply)
    return found
