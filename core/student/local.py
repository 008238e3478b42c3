"""The student on this machine: a multimodal model that answers questions about images with a rationale.

Loads any transformers image-text-to-text model, with or without an adapter, and predicts in batches.
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
from core.parsing.prediction import read_prediction
from core.student import chat
from core.student.batching import PromptedSample, make_batches
from core.student.chat import fit_image
from core.student.lora import attach_adapter
from core.types import OnSkipped, Prediction, RoundId, Sample, Settings, Skipped, StudentSettings

OpenImage = Callable[[str], Image.Image]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Student:
    """A loaded student: the transformers model, its processor, and the name it was loaded by.

    ``inputs`` are the argument names of the model's forward, ``eos_token_ids`` the tokens that end its turn. ``device``
    is where its inputs go. ``longest_side`` is passed to ``chat.fit_image``.
    """

    model: Any
    processor: Any
    name: str
    device: torch.device
    inputs: frozenset[str]
    eos_token_ids: tuple[int, ...]
    longest_side: int = 0

    @property
    def family(self) -> str:
        """The architecture (``config.model_type``), which selects the prompt of the rationale."""
        return str(self.model.config.model_type)


def load_student(
    model: str,
    settings: StudentSettings = StudentSettings(),  # noqa: B008 - it is frozen
    *,
    adapter: Path | None = None,
    device: str = "auto",
    to_device: bool = True,
) -> Student:
    """The student in the folder ``model``, or of that name on the Hub, with ``adapter`` merged into its weights.

    With ``to_device`` False the weights stay in main memory. Raises UserError when the model does not exist, is not an
    image-text-to-text model, has incomplete weights or none as safetensors, or needs its own code; when the adapter is
    missing, changed or made for another model; and when a setting does not fit the model.
    """
    place = choose_device(device)
    spread = settings.device_map == "auto" and to_device
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
    if to_device and not spread:
        weights.to(place)
    ends = weights.generation_config.eos_token_id or processor.tokenizer.eos_token_id
    return Student(
        model=weights.eval(),
        processor=processor,
        name=model,
        device=place,
        longest_side=settings.longest_side,
        inputs=frozenset(inspect.signature(weights.forward).parameters),
        eos_token_ids=(ends,) if isinstance(ends, int) else tuple(ends),
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

    ``open_image`` returns the image of a content hash and is called once a sample, when its batch is due. A batch that
    does not fit into GPU memory is halved and retried, and later ones stay that small; ``on_remark`` gets a sentence
    about it. Raises UserError when not even one sample fits, and when an image cannot be opened; with ``on_skipped``
    such samples are passed to it instead.
    """
    size = settings.batch_size
    for asked in make_batches(student.processor, student.family, samples, settings):
        chosen, images = _open_images(student, asked, open_image, on_skipped)
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


def _open_images(
    student: Student,
    asked: list[PromptedSample],
    open_image: OpenImage,
    on_skipped: OnSkipped | None,
) -> tuple[list[PromptedSample], list[Image.Image]]:
    """The samples whose images can be opened, and these images; the others go to ``on_skipped``."""
    kept, images = [], []
    for sample, text in asked:
        try:
            if sample.image:
                images.append(fit_image(open_image(sample.image), student.longest_side))
            kept.append((sample, text))
        except FolderError:
            raise  # not because of the image
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
    """The encoded batch on the student's device, without entries its forward does not take (often token_type_ids)."""
    encoded = chat.encode(student.processor, texts, images, padding_side=padding_side)
    return {name: _to_device(value, student) for name, value in encoded.items() if name in student.inputs}


def _to_device(value: torch.Tensor, student: Student) -> torch.Tensor:
    dtype = student.model.dtype if value.is_floating_point() else value.dtype
    return value.to(student.device, dtype)


def _generate(
    student: Student, texts: Sequence[str], images: Sequence[Image.Image], max_new_tokens: int
) -> list[str] | None:
    """The replies to a batch of prompts, without control tokens; None when GPU memory was too small.

    Left padding, so that all replies start in the same column.
    """
    greedy = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        eos_token_id=list(student.eos_token_ids),
        pad_token_id=student.processor.tokenizer.pad_token_id,
        use_cache=True,
    )
    try:
        inputs = model_inputs(student, texts, images, padding_side="left")
        with torch.inference_mode():
            output = student.model.generate(**inputs, generation_config=greedy)
    except torch.OutOfMemoryError:
        output = None
    if output is None:  # not in the handler, where the exception still holds all tensors of the forward
        inputs = {}
        free_memory()
        return None
    new = output[:, inputs["input_ids"].shape[1] :]
    return [text.strip() for text in student.processor.tokenizer.batch_decode(new, skip_special_tokens=True)]
