"""A conversation with a student: its own chat template, and the tokens and pixels that the model is given.

The same code prepares what is asked (``core.student``) and what is learned (``core.tuning.examples``), so that both see
one form. Knows processors and tokenizers, and neither weights nor the texts of prompts.
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

LONGEST_SHAPE = 190  # long side over short side: Qwen2-VL and its like refuse an image from 200 on


def load_processor(model: str, settings: StudentSettings = StudentSettings()) -> Any:  # noqa: B008 - it is frozen
    """The model's own processor (a transformers ``ProcessorMixin``), with a chat template and a padding token.

    The processors of video models cannot be made without torchvision, nor where the folder says nothing of videos; then
    the same class is made from the image processor and the tokenizer alone. Raises UserError when there is no processor
    for images and text or no template, and when the pixel limits of ``settings`` are not for this model.
    """
    try:
        processor = AutoProcessor.from_pretrained(model, trust_remote_code=False)
    except (ImportError, OSError, ValueError):
        processor = _without_video(model)
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


def _without_video(model: str) -> Any:
    """The model's processor class, where it has one for images, text and videos, made without that for videos."""
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
    # Only now, since the class's own __init__ hands on three; what is not there cannot be saved.
    images_only.get_attributes = classmethod(lambda _: ["image_processor", "tokenizer"])
    return made


def _limit_pixels(model: str, images: Any, settings: StudentSettings) -> None:
    """Sets the area that an image is brought into, where the image processor works with one.

    Those that do say so by taking ``max_pixels``; they keep it as ``size["longest_edge"]`` and ``["shortest_edge"]``,
    which in spite of the names are areas in pixels.
    """
    if not (settings.min_pixels or settings.max_pixels):
        return
    if "max_pixels" not in getattr(images.valid_kwargs, "__annotations__", {}):
        raise UserError(
            f"The student {model!r} knows no least and most pixels; leave both at 0 and set the longest side instead."
        )
    least = settings.min_pixels or images.size["shortest_edge"]
    most = settings.max_pixels or images.size["longest_edge"]
    if least > most:
        raise UserError(f"Images of at least {least:,} and at most {most:,} pixels cannot be; choose fewer at least.")
    images.size = replace(images.size, shortest_edge=least, longest_edge=most)


def fit_image(image: Image.Image, longest_side: int = 0) -> Image.Image:
    """The image as RGB, shrunk until its long side is ``longest_side`` pixels (0: as it is).

    One that is more than 190 times as long as wide gets a black margin, since some image processors refuse it.
    """
    image = image.convert("RGB")
    if longest_side and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side))
    least = -(-max(image.size) // LONGEST_SHAPE)
    if min(image.size) >= least:
        return image
    wide = Image.new("RGB", (max(image.width, least), max(image.height, least)))
    wide.paste(image, ((wide.width - image.width) // 2, (wide.height - image.height) // 2))
    return wide


def _check_template(model: str, processor: Any) -> None:
    """A template written for text alone drops the image without a word; found out here, not in the accuracy."""
    marker = getattr(processor, "image_token", None)
    if marker and marker not in prompt_text(processor, "?", has_image=True):
        raise UserError(
            f"The chat template of the student {model!r} has no place for an image; "
            "put a chat_template.jinja that writes one for each image into its folder."
        )


def prompt_text(processor: Any, user: str, *, has_image: bool) -> str:
    """The conversation up to where the student's reply starts, in the student's own chat template."""
    return str(processor.apply_chat_template([_user_turn(processor, user, has_image)], add_generation_prompt=True))


def reply_text(processor: Any, user: str, reply: str, *, has_image: bool, ends: Collection[int]) -> str:
    """What follows ``prompt_text`` when the student answers ``reply``, up to and with the token that ends its turn.

    ``ends`` are the ids of the tokens at which generation stops; where the template writes none of them the
    tokenizer's own is added, since a student never shown an end would never stop. Raises UserError for a template
    whose prompt is not the beginning of the whole conversation, white space aside (some insert a thinking mark): there
    the reply's tokens cannot be told apart.
    """
    prompt = prompt_text(processor, user, has_image=has_image)
    turn = {"role": "assistant", "content": [{"type": "text", "text": plain(processor, reply)}]}
    whole = str(processor.apply_chat_template([_user_turn(processor, user, has_image), turn]))
    rest = _behind(prompt, whole)
    marks = processor.tokenizer.convert_ids_to_tokens(list(ends))
    found = [(rest.find(mark), mark) for mark in marks if mark in rest]
    if found:
        position, mark = min(found)
        return f"{rest[:position]}{mark}"
    return f"{rest.rstrip()}{processor.tokenizer.eos_token}"


def _behind(prompt: str, whole: str) -> str:
    """What the whole conversation adds to the prompt.

    White space may differ: LLaVA-OneVision asks with "assistant" and a new line, and records "assistant", a space and a
    new line. What it is asked with is what counts, so the reply follows that.
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
    return {"role": "user", "content": [*image, {"type": "text", "text": plain(processor, user)}]}


def plain(processor: Any, text: str) -> str:
    """The text with every control token of the tokenizer broken by a space.

    A question that spells "<image>" or "<|im_end|>" would otherwise ask for a second image or end the turn.
    (transformers' own ``sanitize_control_tokens`` cannot serve LLaVA, whose template leaves the first token to the
    tokenizer.)
    """
    for token in processor.tokenizer.added_tokens_decoder.values():
        if token.special and token.content in text:
            text = text.replace(token.content, f"{token.content[0]} {token.content[1:]}")
    return text


def tokenise(processor: Any, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of conversations, an image counting as one token however many it becomes."""
    if not texts:
        return []
    own_start = _writes_start(processor, texts[0])
    return list(processor.tokenizer(list(texts), add_special_tokens=not own_start)["input_ids"])


def encode(
    processor: Any,
    texts: Sequence[str],
    images: Sequence[Image.Image],
    *,
    padding_side: Literal["left", "right"],
) -> dict[str, torch.Tensor]:
    """One padded batch as the model takes it: ``input_ids`` and ``attention_mask`` of shape (texts, longest), pixels.

    ``images`` is one RGB image for each text, or empty when none of the texts has one.
    """
    encoded = processor(
        text=list(texts),
        images=[[image] for image in images] or None,
        add_special_tokens=not _writes_start(processor, texts[0]),
        padding=True,
        padding_side=padding_side,
        return_tensors="pt",
    )
    return {name: torch.as_tensor(value) for name, value in encoded.items()}


def _writes_start(processor: Any, text: str) -> bool:
    """Whether the template itself writes the tokenizer's first token, which must not be there twice."""
    start = processor.tokenizer.bos_token
    return bool(start) and text.startswith(start)
