"""Which samples a student answers together: what each is asked, and batches of similar length.

Needs the model's processor and none of its weights, so that whoever hands out the work can know its pieces.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from transformers import AutoConfig

from core.prompts import student_prompt
from core.student import chat
from core.types import Sample, Settings

Asked = tuple[Sample, str]


def plan_batches(model: str, samples: Iterable[Sample], settings: Settings) -> list[list[Sample]]:
    """The batches in which ``core.student.predict`` has the student ``model`` answer, without its weights.

    Each of them given to ``predict`` alone is the same batch again. Raises UserError as ``chat.load_processor`` does.
    """
    processor = chat.load_processor(model, settings.student)
    family = AutoConfig.from_pretrained(model, trust_remote_code=False).model_type
    return [[sample for sample, _ in batch] for batch in batches(processor, family, samples, settings)]


def batches(processor: Any, family: str, samples: Iterable[Sample], settings: Settings) -> Iterator[list[Asked]]:
    """The samples with the texts of their prompts, in batches of similar length, longest first; samples with and
    without an image never share a batch.

    Longest first, so that a batch that does not fit into memory fails at once; not mixed, since processors disagree on
    how to say "no image" inside a batch.
    """
    asked = [(sample, _asked(processor, family, sample, settings)) for sample in samples]
    lengths = [len(tokens) for tokens in chat.tokenise(processor, [text for _, text in asked])]
    for has_image in (True, False):
        group = [position for position, (sample, _) in enumerate(asked) if bool(sample.image) == has_image]
        group.sort(key=lambda position: -lengths[position])
        for start in range(0, len(group), settings.batch_size):
            yield [asked[position] for position in group[start : start + settings.batch_size]]


def _asked(processor: Any, family: str, sample: Sample, settings: Settings) -> str:
    question = student_prompt(sample, settings, family)
    return chat.prompt_text(processor, question, has_image=bool(sample.image))
