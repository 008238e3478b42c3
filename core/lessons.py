"""What a student learns from a sample: its own form of the conversation, and which tokens of it are the reply.

Knows the student's tokenizer and neither its weights nor how the learning is done.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from core import chat
from core.errors import UserError
from core.student import Student
from core.types import Sample, TuningSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A sample as it is learned: the whole conversation, of which the last ``reply`` tokens are the ones to learn.

    ``length`` counts the conversation's tokens with an image as one of them.
    """

    sample: Sample
    text: str
    length: int
    reply: int


def make_lessons(student: Student, samples: Sequence[Sample], settings: TuningSettings) -> list[Lesson]:
    """The samples that can be learned, in their order; those left out are counted in the log.

    Left out are samples without a response, conversations of more than ``max_length`` tokens, and those whose tokens
    for the prompt are not the beginning of the tokens for the whole, where the reply cannot be told apart. Raises
    UserError when none is left.
    """
    answered = [sample for sample in samples if sample.response.strip()]
    prompts = [chat.prompt_text(student.processor, x.question, has_image=bool(x.image)) for x in answered]
    texts = [
        prompt + chat.reply_text(student.processor, x.question, x.response, has_image=bool(x.image), ends=student.ends)
        for x, prompt in zip(answered, prompts, strict=True)
    ]
    before, whole = chat.tokenise(student.processor, prompts), chat.tokenise(student.processor, texts)
    lessons = [
        Lesson(sample=sample, text=text, length=len(tokens), reply=len(tokens) - len(prompt))
        for sample, text, prompt, tokens in zip(answered, texts, before, whole, strict=True)
        if tokens[: len(prompt)] == prompt and len(tokens) <= settings.max_length
    ]
    if len(lessons) < len(samples):
        log.warning("%d of %d samples cannot be learned and are left out.", len(samples) - len(lessons), len(samples))
    if not lessons:
        raise UserError(
            f"None of the {len(samples)} samples can be learned ({len(samples) - len(answered)} have no response, the "
            f"others are longer than {settings.max_length} tokens or cannot be told apart from their prompt); "
            "import support samples with responses, or raise the longest length."
        )
    return lessons
