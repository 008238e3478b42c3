"""The student: a multimodal model that answers questions about images with a rationale.

Loads any transformers image-text-to-text model, with or without an adapter, and predicts in batches. Knows nothing of
where samples and images come from or where predictions go.
"""

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, GenerationConfig

from core.errors import FolderError, UserError
from core.models.devices import choose_device, choose_dtype, free_memory
from core.models.loading import load_weights
from core.parsing.answer import read_answer
from core.parsing.scoring import score_answer
from core.parsing.steps import split_steps
from core.student import chat
from core.student.batching import Asked, batches
from core.student.chat import fit_image
from core.student.lora import attach_adapter
from core.types import OnSkipped, Prediction, RoundId, Sample, Settings, Skipped, StudentSettings

OpenImage = Callable[[str], Image.Image]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Student:
    """A loaded student: the transformers model on its device, its processor, and the name it was loaded by.

    ``inputs`` are the names of what the model's forward takes; ``ends`` the ids of the tokens that end its turn;
    ``device`` is where its inputs go; ``longest_side`` is what ``chat.fit_image`` shrinks images to.
    """

    model: Any
    processor: Any
    name: str
    device: torch.device
    inputs: frozenset[str]
    ends: tuple[int, ...]
    longest_side: int = 0

    @property
    def family(self) -> str:
        """What its makers call its architecture (``config.model_type``); it chooses the rationale prompt."""
        return str(self.model.config.model_type)


def load_student(
    model: str,
    settings: StudentSettings = StudentSettings(),  # noqa: B008 - it is frozen
    *,
    adapter: Path | None = None,
    device: str = "auto",
    placed: bool = True,
) -> Student:
    """The student saved in the folder ``model``, or of that name on the Hub, with ``adapter`` merged into its weights.

    Unless it is ``placed`` its weights stay in the machine's memory, for the caller to move to the device. Raises
    UserError when there is no such model, when it is not an image-text-to-text model, when its weights are incomplete
    or no safetensors, when it needs code of its own, when the adapter is missing, changed or was made for another
    model, and when a setting does not fit it.
    """
    place = choose_device(device)
    spread = settings.device_map == "auto" and placed
    weights = load_weights(
        AutoModelForImageTextToText,
        model,
        role="student",
        wrong_kind=f"{model!r} is no image-text-to-text model; choose one such as LLaVA or Qwen2-VL.",
        dtype=choose_dtype(place, settings.dtype),
        device_map="auto" if spread else None,
    )
    processor = chat.load_processor(model, settings)
    if adapter is not None:
        weights = attach_adapter(weights, adapter).merge_and_unload()
    if placed and not spread:
        weights.to(place)
    ends = weights.generation_config.eos_token_id or processor.tokenizer.eos_token_id
    return Student(
        model=weights.eval(),
        processor=processor,
        name=model,
        device=place,
        longest_side=settings.longest_side,
        inputs=frozenset(inspect.signature(weights.forward).parameters),
        ends=(ends,) if isinstance(ends, int) else tuple(ends),
    )


def predict(
    student: Student,
    samples: Iterable[Sample],
    open_image: OpenImage,
    settings: Settings,
    *,
    round_id: RoundId,
    on_remark: Callable[[str], None] = logger.warning,
    on_skipped: OnSkipped | None = None,
) -> Iterator[list[Prediction]]:
    """Rationales and answers, greedily decoded, one list a batch; every sample once, longest prompts first.

    ``open_image`` gives the image of a content hash; it is called once a sample, when its batch's turn comes. The order
    is by length, so it differs from that of ``samples``. A batch that does not fit into the GPU's memory is halved and
    tried again, and later ones stay that small: ``on_remark`` is called with a sentence for the user. Raises UserError
    when not even one sample fits, and when an image cannot be opened, unless ``on_skipped`` is given: then its sample
    is left out.
    """
    size = settings.batch_size
    for asked in batches(student.processor, student.family, samples, settings):
        chosen, images = _seen(student, asked, open_image, on_skipped)
        while part := chosen[:size]:
            texts = _generate(student, [text for _, text in part], images[:size], settings.max_new_tokens)
            if texts is None:
                size = _halved(len(part))
                on_remark(f"batches of {size} instead of {settings.batch_size}: the GPU's memory was too small")
                continue
            yield [
                read_prediction(sample, text, round_id=round_id) for (sample, _), text in zip(part, texts, strict=True)
            ]
            chosen, images = chosen[size:], images[size:]


def _seen(
    student: Student,
    asked: list[Asked],
    open_image: OpenImage,
    on_skipped: OnSkipped | None,
) -> tuple[list[Asked], list[Image.Image]]:
    """The samples whose images can be opened, with those; ``on_skipped`` hears of each other one and why."""
    kept, images = [], []
    for sample, text in asked:
        try:
            if sample.image:
                images.append(fit_image(open_image(sample.image), student.longest_side))
            kept.append((sample, text))
        except FolderError:
            raise  # no image's fault
        except UserError as error:
            if on_skipped is None:
                raise
            on_skipped(sample, Skipped(reason=str(error), failed=True))
    return kept, images


def _halved(size: int) -> int:
    if size == 1:
        raise UserError(
            "The GPU's memory is too small for even one sample at a time; set fewer pixels, a shorter answer or a "
            "smaller number format, spread the student over several devices, or choose a smaller one."
        )
    return size // 2


def model_inputs(
    student: Student, texts: Sequence[str], images: Sequence[Image.Image], *, padding_side: Literal["left", "right"]
) -> dict[str, torch.Tensor]:
    """The encoded batch on the student's device, reduced to what its forward takes (token_type_ids often is not)."""
    encoded = chat.encode(student.processor, texts, images, padding_side=padding_side)
    return {name: _placed(value, student) for name, value in encoded.items() if name in student.inputs}


def _placed(value: torch.Tensor, student: Student) -> torch.Tensor:
    dtype = student.model.dtype if value.is_floating_point() else value.dtype
    return value.to(student.device, dtype)


def _generate(
    student: Student, texts: Sequence[str], images: Sequence[Image.Image], max_new_tokens: int
) -> list[str] | None:
    """The replies to a batch of prompts, without control tokens; None where the GPU's memory was too small for it.

    Left padding: every reply starts in one column.
    """
    greedy = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        eos_token_id=list(student.ends),
        pad_token_id=student.processor.tokenizer.pad_token_id,
        use_cache=True,
    )
    try:
        inputs = model_inputs(student, texts, images, padding_side="left")
        with torch.inference_mode():
            output = student.model.generate(**inputs, generation_config=greedy)
    except torch.OutOfMemoryError:
        output = None
    if output is None:  # only here, since the exception held on to every tensor of the forward
        inputs = {}
        free_memory()
        return None
    new = output[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in student.processor.tokenizer.batch_decode(new, skip_special_tokens=True)]


def read_prediction(sample: Sample, text: str, *, round_id: RoundId) -> Prediction:
    """The prediction that a student's untouched output means: its steps and its answer."""
    reading = read_answer(text, sample.options)
    correct, score = score_answer(reading.answer, sample)
    return Prediction(
        round=round_id,
        sample=sample.id,
        text=text,
        steps=split_steps(text),
        answer=reading.answer,
        reading=reading.rule,
        span=reading.span,
        correct=correct,
        score=score,
        read_confidence=reading.confidence,
    )
