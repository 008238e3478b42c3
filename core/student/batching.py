"""Group samples into the batches that a student answers together, by similar prompt length.

Needs the model's processor but not its weights, so that a scheduler can plan the work.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from transformers import AutoConfig

from core.prompts import student_prompt
from core.student import chat
from core.types import Sample, Settings

PromptedSample = tuple[Sample, str]


def plan_batches(model: str, samples: Iterable[Sample], settings: Settings) -> list[list[Sample]]:
    """The batches in which ``core.student.local.predict`` answers the samples, without loading weights.

    Passing each batch to ``predict`` separately gives the same batches. Raises UserError as ``chat.load_processor``
    does.
    """
    processor = chat.load_processor(model, settings.student)
    family = AutoConfig.from_pretrained(model, trust_remote_code=False).model_type
    return [[sample for sample, _ in batch] for batch in make_batches(processor, family, samples, settings)]


def make_batches(
    processor: Any, family: str, samples: Iterable[Sample], settings: Settings
) -> Iterator[list[PromptedSample]]:
    """The samples with their prompt texts, in batches of similar length, longest first, with either all or no images.

    Longest first, so that a batch that does not fit into memory fails at once; not mixed, because processors disagree
    on how a batch says "no image".
    """
    asked = [(sample, _prompt_of(processor, family, sample, settings)) for sample in samples]
    lengths = [len(tokens) for tokens in chat.tokenise(processor, [text for _, text in asked])]
    for has_image in (True, False):
        group = [position for position, (sample, _) in enumerate(asked) if bool(sample.image) == has_image]
        group.sort(key=lambda position: -lengths[position])
        for start in range(0, len(group), settings.batch_size):
            yield [asked[position] for position in group[start : start + settings.batch_size]]


def _prompt_of(processor: Any, family: str, sample: Sample, settings: Settings) -> str:
    question = student_prompt(sample, settings, family)
    return chat.prompt_text(processor, question, has_image=bool(sample.image))
