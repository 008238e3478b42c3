"""Format a conversation with a student: its chat template, tokens and pixels.

Prompting (``core.student``) and training (``core.tuning.examples``) share this code, so that both use the same format.
"""

import inspect
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

from core.errors import UserError
from core.types import StudentSettings

MAX_ASPECT_RATIO = 190  # Qwen2-VL and similar models refuse 200 and more


def load_processor(model: str, settings: StudentSettings = StudentSettings()) -> Any:  # noqa: B008 - it is frozen
    """The model's own processor (a transformers ``ProcessorMixin``), with a chat template and a padding token.

    Processors of video models need torchvision and a video configuration; without them the same class is built from the
    image processor and the tokenizer. Raises UserError when there is no processor for images and text or no chat
    template, and when the model does not support the pixel limits in ``settings``.
    """
    try:
        processor = AutoProcessor.from_pretrained(model, trust_remote_code=False)
    except (ImportError, OSError, ValueError):
        processor = _processor_without_video(model)
    if not isinstance(processor, ProcessorMixin):
        raise UserError(
            f"The student {model!r} has no processor for images and text; choose an image-text-to-text model."
        )
    processor.chat_template = processor.chat_template or getattr(processor.tokenizer, "chat_template", None)
    if not processor.chat_template:
        raise UserError(f"The student {model!r} has no chat template; put a chat_template.jinja into its folder.")
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    _check_template(model, processor)
    _limit_pixels(model, processor.image_processor, settings)
    return processor


def _processor_without_video(model: str) -> Any:
    """The model's processor for images, text and videos, built without its video processor."""
    processor_class = PROCESSOR_MAPPING.get(type(AutoConfig.from_pretrained(model, trust_remote_code=False)), None)
    if processor_class is None or "video_processor" not in processor_class.get_attributes():
        raise UserError(f"The student {model!r} comes without a processor; save its processor beside it.")

    def check(self: Any, name: str, argument: Any) -> Any:
        return type(None) if argument is None else processor_class.check_argument_for_proper_class(self, name, argument)

    images_only: Any = type(processor_class.__name__, (processor_class,), {"check_argument_for_proper_class": check})
    known = set(inspect.signature(processor_class.__init__).parameters) - set(processor_class.get_attributes())
    try:
        saved, _ = processor_class.get_processor_dict(model)
        parts = {
            "image_processor": AutoImageProcessor.from_pretrained(model, trust_remote_code=False),
            "tokenizer": AutoTokenizer.from_pretrained(model, trust_remote_code=False),
        }
    except (OSError, ValueError) as error:
        raise UserError(f"The student {model!r} comes without a processor; save its processor beside it.") from error
    own = {name: value for name, value in saved.items() if name in known}
    made = images_only(**parts, video_processor=None, **own)
    # Only now, because the class's __init__ passes on three; without a video processor it could not be saved.
    images_only.get_attributes = classmethod(lambda _: ["image_processor", "tokenizer"])
    return made


def _limit_pixels(model: str, images: Any, settings: StudentSettings) -> None:
    """Set the area that images are resized to, where the image processor supports it.

    Those that do accept ``max_pixels``; they store it in ``size["longest_edge"]`` and ``["shortest_edge"]``, which are
    areas in pixels despite their names.
    """
    if not (settings.min_pixels or settings.max_pixels):
        return
    if "max_pixels" not in getattr(images.valid_kwargs, "__annotations__", {}):
        raise UserError(
            f"The student {model!r} knows no least and most pixels; leave both at 0 and set the longest side instead."
        )
    min_pixels = settings.min_pixels or images.size["shortest_edge"]
    max_pixels = settings.max_pixels or images.size["longest_edge"]
    if min_pixels > max_pixels:
        raise UserError(
            f"Images of at least {min_pixels:,} and at most {max_pixels:,} pixels cannot be; choose fewer at least."
        )
    images.size = replace(images.size, shortest_edge=min_pixels, longest_edge=max_pixels)


def fit_image(image: Image.Image, longest_side: int = 0) -> Image.Image:
    """The image in RGB, shrunk until its longer side is ``longest_side`` pixels (0: unchanged).

    An image more than 190 times as long as wide is padded with black, because some image processors refuse it.
    """
    image = image.convert("RGB")
    if longest_side and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side))
    min_side = -(-max(image.size) // MAX_ASPECT_RATIO)
    if min(image.size) >= min_side:
        return image
    padded = Image.new("RGB", (max(image.width, min_side), max(image.height, min_side)))
    padded.paste(image, ((padded.width - image.width) // 2, (padded.height - image.height) // 2))
    return padded


def _check_template(model: str, processor: Any) -> None:
    """Raise UserError for a text-only template, which would drop the image silently."""
    marker = getattr(processor, "image_token", None)
    if marker and marker not in prompt_text(processor, "?", has_image=True):
        raise UserError(
            f"The chat template of the student {model!r} has no place for an image; "
            "put a chat_template.jinja that writes one for each image into its folder."
        )


def prompt_text(processor: Any, user: str, *, has_image: bool) -> str:
    """The conversation up to the start of the student's reply, in the student's own chat template."""
    return str(processor.apply_chat_template([_user_turn(processor, user, has_image)], add_generation_prompt=True))


def reply_text(processor: Any, user: str, reply: str, *, has_image: bool, eos_token_ids: Collection[int]) -> str:
    """What follows ``prompt_text`` when the student replies ``reply``, up to and including its end-of-turn token.

    ``eos_token_ids`` are the tokens at which generation stops; where the template writes none of them, the tokenizer's
    own is added, since a student never shown one would not stop. Raises UserError when the prompt is not a prefix of
    the whole conversation, white space aside (some templates insert a thinking tag), because the reply's tokens are
    then unknown.
    """
    prompt = prompt_text(processor, user, has_image=has_image)
    turn = {"role": "assistant", "content": [{"type": "text", "text": _break_control_tokens(processor, reply)}]}
    whole = str(processor.apply_chat_template([_user_turn(processor, user, has_image), turn]))
    rest = _after_prompt(prompt, whole)
    marks = processor.tokenizer.convert_ids_to_tokens(list(eos_token_ids))
    found = [(rest.find(mark), mark) for mark in marks if mark in rest]
    if found:
        position, mark = min(found)
        return f"{rest[:position]}{mark}"
    return f"{rest.rstrip()}{processor.tokenizer.eos_token}"


def _after_prompt(prompt: str, whole: str) -> str:
    """What the whole conversation adds to the prompt.

    White space may differ: LLaVA-OneVision prompts with "assistant" and a line break, but records "assistant", a space
    and a line break. The prompt's form wins.
    """
    if whole.startswith(prompt):
        return whole[len(prompt) :]
    at = 0
    for character in "".join(prompt.split()):
        while whole[at : at + 1].isspace():
            at += 1
        if whole[at : at + 1] != character:
            raise UserError(
                "The student's chat template does not begin a whole conversation with the prompt it asks with, so its "
                "replies cannot be learned; put a chat_template.jinja that does into the student's folder."
            )
        at += 1
    return whole[at:].lstrip() if prompt[-1:].isspace() else whole[at:]


def _user_turn(processor: Any, user: str, has_image: bool) -> dict[str, Any]:
    image = [{"type": "image"}] if has_image else []
    return {"role": "user", "content": [*image, {"type": "text", "text": _break_control_tokens(processor, user)}]}


def _break_control_tokens(processor: Any, text: str) -> str:
    """The text with a space inside every control token of the tokenizer.

    Otherwise a question containing "<image>" or "<|im_end|>" would insert a second image or end the turn.
    (transformers' ``sanitize_control_tokens`` does not work for LLaVA, whose template leaves the BOS token to the
    tokenizer.)
    """
    for token in processor.tokenizer.added_tokens_decoder.values():
        if token.special and token.content in text:
            text = text.replace(token.content, f"{token.content[0]} {token.content[1:]}")
    return text


def tokenise(processor: Any, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of conversations; an image counts as one token."""
    if not texts:
        return []
    own_start = _writes_bos(processor, texts[0])
    return list(processor.tokenizer(list(texts), add_special_tokens=not own_start)["input_ids"])


def encode(
    processor: Any,
    texts: Sequence[str],
    images: Sequence[Image.Image],
    *,
    padding_side: Literal["left", "right"],
) -> dict[str, torch.Tensor]:
    """One padded batch of model inputs: ``input_ids`` and ``attention_mask`` of shape (texts, longest), and pixels.

    ``images`` is one RGB image for each text, or empty when none of the texts has one.
    """
    encoded = processor(
        text=list(texts),
        images=[[image] for image in images] or None,
        add_special_tokens=not _writes_bos(processor, texts[0]),
        padding=True,
        padding_side=padding_side,
        return_tensors="pt",
    )
    return {name: torch.as_tensor(value) for name, value in encoded.items()}


def _writes_bos(processor: Any, text: str) -> bool:
    """Whether the template itself writes the BOS token, so that the tokenizer must not add it again."""
    start = processor.tokenizer.bos_token
    return bool(start) and text.startswith(start)
