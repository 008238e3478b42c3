"""Image tags in a text: placeholders such as LLaVA's ``<image>``, and tags that name a file such as Qwen's ``<img>``.

A tag at the begin or end of a text, or alone on its line, is no part of a sentence: it stands for the image. One inside
a sentence may also be what the sentence is about ("What does SVG's <image> element do?").
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from core.importers.results import RowError
from core.types import Sample

SEVERAL = "samples have one image or none"
_GAP = r"\s{0,20}"  # bounded, because every tag of a long text is tried
_PLACEHOLDER = (
    r"\((?:<image>\./</image>)\)"  # MiniCPM-V
    r"|<\|?image(?:[ _-]?(?P<number>\d{1,3}))?\|?>(?:[\s./]{0,20}</image>)?"  # <image>, <image 2>, <|image_1|>
    rf"|<img[ _-]?(?P<img>\d{{1,3}})>|(?:<img>{_GAP})?(?:<img_context>{_GAP}){{1,9}}(?:</img>)?|<img>{_GAP}</img>"
    r"|(?:<\|vision_start\|>)?<\|image_pad\|>(?:<\|vision_end\|>)?"  # Qwen2-VL
    rf"|<image[ _-]?placeholder>|(?:<img>{_GAP})?<imagehere>(?:{_GAP}</img>)?|<start_of_image>|\[im(?:g|age)\]"
    r"|<(?:media|video|audio)>"  # what no image may stand for, too
)
_ENDING = r"\.(?:jpe?g|png|webp|gif|bmp)"
_CAPTION = rf"(?:(?:picture|image|figure|photo|bild){_GAP}\d{{1,3}}|[图圖]片?{_GAP}\d{{1,3}}){_GAP}[:：]{_GAP}"
_NAMES = ("tag", "path", "colon", "board", "wiki", "src", "single", "bare", "mark")
_NAMED = (
    rf"(?:{_CAPTION})?<img>{_GAP}(?P<tag>[^<>\n]{{1,500}}?){_GAP}</img>"  # Qwen-VL
    rf"|(?:{_CAPTION})?<\|?image(?:_path)?\|?>{_GAP}(?P<path>[^<>\n]{{1,500}}?{_ENDING}){_GAP}<\|?/image(?:_path)?\|?>"
    rf"|<image:{_GAP}(?P<colon>[^<>\n]{{1,500}}?{_ENDING}){_GAP}>"
    rf"|\[img\]{_GAP}(?P<board>[^\[\]\n]{{1,500}}?){_GAP}\[/img\]|\[\[{_GAP}(?P<wiki>[^\[\]\n|]{{1,500}}?{_ENDING}){_GAP}\]\]"
    r"|<(?:img|image)\b[^<>\n]{0,200}?\bsrc=(?:\"(?P<src>[^\"<>\n]{1,500})\"|'(?P<single>[^'<>\n]{1,500})'"
    r"|(?P<bare>[^\s\"'<>]{1,500}?))(?:\s[^<>\n]{0,200})?[ /]{0,5}>"  # HTML
    rf"|!\[[^\]\n]{{0,200}}\]\({_GAP}(?P<mark>[^()\n]{{1,500}}?{_ENDING}){_GAP}\)"  # Markdown
)
_TAG = re.compile(f"{_NAMED}|{_PLACEHOLDER}", re.IGNORECASE)
_MOST_TAGS = 50
_OPTIONS = re.compile(r"\s*(?:(?:options?|choices)\s*:|\(?[a-z][).:]\s)", re.IGNORECASE)
# Words of a sentence about markup.
_MARKUP = re.compile(
    r"\b(?:svg|x?html5?|xml|css|dom|jsx|markup|markdown|elements?|tags?|tokens?|placeholders?|nodes?|attributes?|syntax|"
    r"code|literal)\b|标签|元素|标记|占位符|要素|タグ",
    re.IGNORECASE,
)
_QUOTES = ("`", '"', "'", "“", "”", "‘", "’", "«", "»", "「", "」")
_SPACES = re.compile(r"[ \t]{2,}")


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A tag's place in a text, the image that it names ("" for a placeholder), its number (0 without), and whether it
    stands outside of sentences."""

    start: int
    end: int
    name: str
    number: int
    alone: bool


def find_tags(text: str) -> list[Tag]:
    """The tags that stand for an image. Quoted ones, those inside a sentence about markup, and placeholders without a
    number among a question's options are text.
    """
    if "<" not in text and "[" not in text:
        return []
    every = [_tag(text, found) for found in islice(_TAG.finditer(text), _MOST_TAGS)]
    about_markup = bool(_MARKUP.search(_without(text, every))) if every else False
    return [
        tag
        for tag in every
        if (tag.alone or not (about_markup or _is_quoted(text, tag)))
        and (tag.name or tag.number or not _OPTIONS.match(text, text.rfind("\n", 0, tag.start) + 1, tag.start))
    ]


def strip_tags(text: str, tags: Iterable[Tag]) -> str:
    """The text without the tags that stand outside of sentences or name a file."""
    return _without(text, [tag for tag in tags if tag.alone or tag.name])


def check_tags(sample: Sample) -> Sample:
    """The sample without the placeholder of its image, whatever the format.

    Raises RowError for a placeholder without an image, and for more images than one.
    """
    asked = find_tags(sample.question)
    beside = [tag for text in (*sample.options, sample.answer, sample.hint) for tag in find_tags(text) if tag.number]
    refuse_several([*asked, *beside])
    if asked and sample.image is None:
        shown = sample.question[asked[0].start : asked[0].end]
        raise RowError(
            "image",
            f"The question holds an image tag, “{shown}”, but the row names no image: name it, or put the tag in "
            "quotes where it is only text.",
        )
    question = strip_tags(sample.question, asked)
    if not question:
        raise RowError("question", "The question is empty but for its image.")
    return sample if question == sample.question else replace(sample, question=question)


def refuse_several(tags: list[Tag]) -> None:
    """Raise RowError where the tags of a row stand for more than one image."""
    last = max((tag.number for tag in tags), default=0)
    if last > 1:
        raise RowError("image", f"The row refers to an image {last}: {SEVERAL}.")
    named = {tag.name for tag in tags if tag.name}
    if len(named) > 1 or sum(not (tag.name or tag.number) for tag in tags) > 1:
        raise RowError("image", f"The question holds several image tags: {SEVERAL}.")


def _tag(text: str, found: re.Match[str]) -> Tag:
    name = next((found[group] for group in _NAMES if found[group]), "").strip()
    start, end = found.span()
    before, behind = text[:start].rstrip(" \t"), text[end:].lstrip(" \t")
    alone = not before or not behind or (before.endswith("\n") and behind.startswith("\n"))
    number = int(found["number"] or found["img"] or 0)
    return Tag(start=start, end=end, name=name, number=number, alone=alone)


def _is_quoted(text: str, tag: Tag) -> bool:
    return text[tag.start - 1 : tag.start] in _QUOTES and text[tag.end : tag.end + 1] in _QUOTES


def _without(text: str, tags: Iterable[Tag]) -> str:
    at, parts = 0, []
    for tag in tags:
        parts.append(text[at : tag.start])
        at = tag.end
    return _SPACES.sub(" ", "".join([*parts, text[at:]])).strip() if at else text
