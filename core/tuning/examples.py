"""What a student learns from a sample: its own form of the conversation, and which tokens of it are the reply.

Knows the student's tokenizer and neither its weights nor how the learning is done.
"""

import logging
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import UserError
from core.student import chat
from core.student.local import Student
from core.types import Sample, TuningSettings

logger = logging.getLogger(__name__)
AT_ONCE = 256  # samples that are looked at together


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A sample as it is learned: the whole conversation, of which the last ``reply`` tokens are the ones to learn.

    ``length`` counts the conversation's tokens with an image as one of them.
    """

    sample: Sample
    text: str
    length: int
    reply: int


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """The samples that can be learned, in their order; each becomes a ``Lesson`` when it is asked for.

    Holds thirteen bytes a lesson and neither texts nor samples of its own, so that memory does not grow with what is
    learned. ``lengths`` and ``replies`` are in tokens, ``pictured`` says which have an image.
    """

    student: Student
    samples: Sequence[Sample]
    positions: "array[int]"
    lengths: "array[int]"
    replies: "array[int]"
    pictured: bytearray

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, number: int) -> Lesson:
        sample = self.samples[self.positions[number]]
        prompt, reply = _conversation(self.student, sample)
        return Lesson(sample=sample, text=prompt + reply, length=self.lengths[number], reply=self.replies[number])

    def __iter__(self) -> Iterator[Lesson]:
        return (self[number] for number in range(len(self)))

    @property
    def left_out(self) -> int:
        """How many samples cannot be learned."""
        return len(self.samples) - len(self)


def make_lessons(student: Student, samples: Sequence[Sample], settings: TuningSettings) -> Lessons:
    """The samples that can be learned, in their order; those left out are counted in the log.

    Left out are samples without a response, conversations of more than ``max_length`` tokens, and those whose tokens
    for the prompt are not the beginning of the tokens for the whole, where the reply cannot be told apart. Raises
    UserError when none is left. ``samples`` is read from front to back, some hundreds at a time.
    """
    made = Lessons(
        student=student,
        samples=samples,
        positions=array("i"),
        lengths=array("i"),
        replies=array("i"),
        pictured=bytearray(),
    )
    silent = 0
    for start in range(0, len(samples), AT_ONCE):
        some = list(enumerate(samples[start : start + AT_ONCE], start))
        answered = [(position, sample) for position, sample in some if sample.response.strip()]
        silent += len(some) - len(answered)
        _add(made, answered, settings.max_length)
    if made.left_out:
        logger.warning("%d of %d samples cannot be learned and are left out.", made.left_out, len(samples))
    if not len(made):
        raise UserError(
            f"None of the {len(samples)} samples can be learned ({silent} have no response, the "
            f"others are longer than {settings.max_length} tokens or cannot be told apart from their prompt); "
            "import support samples with responses, or raise the longest length."
        )
    return made


def _add(made: Lessons, answered: list[tuple[int, Sample]], longest: int) -> None:
    """Adds those of the samples that can be learned."""
    turns = [_conversation(made.student, sample) for _, sample in answered]
    before = chat.tokenise(made.student.processor, [prompt for prompt, _ in turns])
    whole = chat.tokenise(made.student.processor, [prompt + reply for prompt, reply in turns])
    for (position, sample), prompt, tokens in zip(answered, before, whole, strict=True):
        if tokens[: len(prompt)] == prompt and len(prompt) < len(tokens) <= longest:
            made.positions.append(position)
            made.lengths.append(len(tokens))
            made.replies.append(len(tokens) - len(prompt))
            made.pictured.append(bool(sample.image))


def _conversation(student: Student, sample: Sample) -> tuple[str, str]:
    """What the student is asked, and what it is to reply with the token that ends its turn."""
    has_image = bool(sample.image)
    reply = chat.reply_text(student.processor, sample.question, sample.response, has_image=has_image, ends=student.ends)
    return chat.prompt_text(student.processor, sample.question, has_image=has_image), reply
