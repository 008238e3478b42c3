"""The phrase in a teacher's reply: without what a model writes around it, and up to the end of its line or sentence."""

import ast
import json
import re
from typing import Any

from core.parsing.reply import clean_reply

# The end of a phrase: a line break or full stop after some text. After a digit a final stop may be a decimal point.
PHRASE_END = re.compile(r"(?<=\S)\s*?(?:\n|\.(?=\s)|(?<!\d)\.$)")
_FENCE = re.compile(r"\A```[\w-]*[ \t]*\n?(.*?)\s*(?:```.*)?\Z", re.DOTALL)
_LITERAL = re.compile(r"\A(?:\{\s*[\"'}]|\[\s*[\"'{\]])")
_WRAPPED = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\A\$*\\(?:boxed|text|textbf|mathrm|emph)\{(.*)\}\$*\Z",
        r"\A\$+(.*?)\$+\Z",
        r"\A<(?P<tag>\w+)>(.*)</(?P=tag)>\Z",
        r"\A[\[{<]([^\[\]{}<>]*)[\]}>]\Z",
    )
)
_ASSENT = re.compile(
    r"\A(?:sure(?: thing)?|certainly|of course|okay|ok|absolutely|great|got it|alright)(?:[!.,:]+\s*|\s*\Z)", re.I
)
_ANNOUNCEMENT = re.compile(r"\A(?:here(?:['’]s| is| are)|this is|below is|the following is)\b[^:\n]{0,80}:\s*", re.I)
_INTRODUCTION = re.compile(r"\A(?:#+ [^\n]*\n|[^\n]{0,80}:[*_ \t]*(?:\n|\Z))\s*")
_HEADING = re.compile(r"\A#+\s+")
_LIST_MARK = re.compile(r"\A(?:[-*•–]\s+|\(?\d{1,2}[.)]\s+)")


def first_phrase(text: str) -> str:
    """The phrase at the start of a continuation: up to the end of its line or sentence."""
    return PHRASE_END.split(text.lstrip(), maxsplit=1)[0].rstrip()


def is_whole_phrase(text: str, max_words: int = 10**9) -> bool:
    """Whether a text that was cut off holds a whole phrase: up to the end of its line or sentence, or so many words."""
    said = unwrap_phrase(text, is_cut=True)
    return PHRASE_END.search(said) is not None or len(said.split()) > max_words


def phrase_of_reply(text: str) -> str:
    """The phrase that a reply gives.

    >>> phrase_of_reply('Sure! Here it is:\\n```json\\n{"skill": "map reading"}\\n```')
    'map reading'
    """
    return first_phrase(unwrap_phrase(text))


def unwrap_phrase(text: str, *, is_cut: bool = False) -> str:
    """A reply without thoughts, the template's tokens, an introduction, a fence, JSON, a tag and a list's first mark.

    "" where only an introduction is there, or JSON that does not end. ``is_cut`` keeps the end of the line.
    """
    said = clean_reply(text).strip(" " if is_cut else None).lstrip()
    for _ in range(3):
        before = said
        for pattern in (_ASSENT, _ANNOUNCEMENT, _INTRODUCTION, _HEADING, _LIST_MARK):
            said = pattern.sub("", said)
        if fence := _FENCE.match(said):
            said = fence[1]
        if _LITERAL.match(said):
            said = _text_of_literal(said)
        for pattern in _WRAPPED:
            said = pattern.sub(lambda found: found[found.lastindex or 0].strip(), said)
        if said == before:
            break
    return said


def _text_of_literal(text: str) -> str:
    """The text in JSON or a Python literal at the start of the text; "" where it does not end."""
    try:
        return _text_in(json.JSONDecoder().raw_decode(text)[0])
    except ValueError:
        pass
    try:
        return _text_in(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""


def _text_in(value: Any) -> str:
    """The texts in a value in one line; of an object the one that it calls a skill, else its only one."""
    if isinstance(value, dict):
        named = [each for name, each in value.items() if "skill" in str(name).lower()] or list(value.values())
        return _text_in(named[0]) if named else ""
    if isinstance(value, list | tuple):
        return "; ".join(filter(None, map(_text_in, value)))
    return " ".join(value.split()) if isinstance(value, str) else ""
