"""Training examples: a sample as a conversation in the student's own format, and which of its tokens are the reply."""

import logging
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import UserError
from core.student import chat
from core.student.local import Student
from core.types import Sample, TuningSettings

logger = logging.getLogger(__name__)
SAMPLES_PER_READ = 256


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sample as a training example: the whole conversation, of which the last ``reply`` tokens are learned.

    ``length`` counts the conversation's tokens, with an image as one.
    """

    sample: Sample
    text: str
    length: int
    reply: int


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The samples that can be learned, in order; each becomes an ``Example`` on access.

    Stores thirteen bytes an example and no texts or samples, so that memory does not grow with the data. ``lengths``
    and ``replies`` are in tokens; ``pictured`` says which have an image.
    """

    student: Student
    samples: Sequence[Sample]
    positions: "array[int]"
    lengths: "array[int]"
    replies: "array[int]"
    pictured: bytearray

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, number: int) -> Example:
        sample = self.samples[self.positions[number]]
        prompt, reply = _conversation(self.student, sample)
        return Example(sample=sample, text=prompt + reply, length=self.lengths[number], reply=self.replies[number])

    def __iter__(self) -> Iterator[Example]:
        return (self[number] for number in range(len(self)))

    @property
    def left_out(self) -> int:
        """The number of samples that cannot be learned."""
        return len(self.samples) - len(self)


def make_examples(student: Student, samples: Sequence[Sample], settings: TuningSettings) -> Examples:
    """The samples that can be learned, in order; the number left out is logged.

    Left out are samples without a response, conversations of more than ``max_length`` tokens, and those where the
    prompt's tokens are not a prefix of the conversation's, so that the reply cannot be separated. Raises UserError when
    none is left. ``samples`` is read sequentially in chunks.
    """
    made = Examples(
        student=student,
        samples=samples,
        positions=array("i"),
        lengths=array("i"),
        replies=array("i"),
        pictured=bytearray(),
    )
    without_response = 0
    for start in range(0, len(samples), SAMPLES_PER_READ):
        chunk = list(enumerate(samples[start : start + SAMPLES_PER_READ], start))
        answered = [(position, sample) for position, sample in chunk if sample.response.strip()]
        without_response += len(chunk) - len(answered)
        _add(made, answered, settings.max_length)
    if made.left_out:
        logger.warning("%d of %d samples cannot be learned and are left out.", made.left_out, len(samples))
    if not len(made):
        raise UserError(
            f"None of the {len(samples)} samples can be learned ({without_response} have no response, the "
            f"others are longer than {settings.max_length} tokens or cannot be told apart from their prompt); "
            "import support samples with responses, or raise the longest length."
        )
    return made


def _add(made: Examples, answered: list[tuple[int, Sample]], longest: int) -> None:
    """Append those of the samples that can be learned."""
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
    """The prompt, and the reply including the token that ends the turn."""
    has_image = bool(sample.image)
    reply = chat.reply_text(
        student.processor, sample.question, sample.response, has_image=has_image, eos_token_ids=student.eos_token_ids
    )
    return chat.prompt_text(student.processor, sample.question, has_image=has_image), reply
