"""The turns of an exported training sample, with exactly as many image tokens as the sample has images."""

from core.types import Sample

IMAGE_TOKEN = "<image>"  # nosec B105
# What LLaVA, LLaMA-Factory and ms-swift count in the texts of a row and hold against its files.
MEDIA_TOKENS = (IMAGE_TOKEN, "<video>", "<audio>")


def conversation(sample: Sample) -> list[dict[str, str]]:
    """The question and the response as LLaVA's two turns; the image token is the first line."""
    asked, reply = _texts(sample)
    shown = f"{IMAGE_TOKEN}\n{asked}" if sample.image else asked
    return [{"from": "human", "value": shown}, {"from": "gpt", "value": reply}]


def messages(sample: Sample) -> list[dict[str, str]]:
    """The same turns as TRL takes them: it puts the image in itself, so that no text holds a token."""
    asked, reply = _texts(sample)
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": reply}]


def break_media_tokens(text: str) -> str:
    """The text with a space inside every media token that it merely spells, as ``core.student.chat`` writes them.

    >>> break_media_tokens("What does SVG's <image> do?")
    "What does SVG's < image> do?"
    """
    for token in MEDIA_TOKENS:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _texts(sample: Sample) -> tuple[str, str]:
    return break_media_tokens(sample.question), break_media_tokens(sample.response or sample.answer)
