"""A whole reply to an open question that is a sentence: its predicate is the answer, "red" in "The bus is red."

A sentence whose predicate cannot be told is no answer: taken whole it would equal no truth.
"""

import re

from core.parsing.reading import Span, trim_span

_MAX_CHARS = 30
_AROUND = " \n*_\"'“”"
# The predicate of a sentence with a copula, by language; nothing may stand behind it.
_PREDICATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?!there\b)[^.!?\n]{1,80}?\b(?:is|are|was|were|shows|reads|says)\s+(?P<value>[^.!?,;:\n]+?)[.!]?$",
        r"^[^.!?\n]{1,80}?\b(?:ist|sind|lautet|zeigt)\s+(?P<value>[^.!?,;:\n]+?)[.!]?$",
        r"^[^.!?\n]{1,80}?\b(?:est|sont|c'est)\s+(?P<value>[^.!?,;:\n]+?)[.!]?$",
        r"^[^.!?\n]{1,80}?\b(?:es|son|é|são|está|están|estão)\s+(?:de color |da cor )?(?P<value>[^.!?,;:\n]+?)[.!]?$",
        r"^(?:there are|il y a|hay|há|es gibt)\s+(?P<value>\d+|\w+)\s+[^.!?,;:\n]{2,60}[.!]?$",
        r"は(?P<value>[^は、。,\n]{1,20}?)(?:です|である|だ)[。.]?$",
        r"(?:是|为|為|有)(?P<value>[^是为為有，。,\n]{1,12})[。.]?$",
        r"(?:का|की|के)\s(?:[^।\n]{0,40}\s)?(?P<value>\S+)\s+(?:है|हैं)\s*[।.]?$",
        r"(?:هو|هي)\s+(?P<value>[^.،\n]{1,30}?)[.]?$",
    )
)
# A denial, several values, or what is done or where it is instead of what it is.
_NO_PREDICATE = re.compile(
    r"\b(?:not|no|never|nicht|kein\w*|pas|nunca|or|oder|ou|between|from|whether|depends|up to|at least|about)\b"
    r"|\d\s*(?:to|bis|à|a|-|–)\s*\d|不|没|ない|नहीं|ليس|或|または|か、",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"(?:\w+ing|in|on|at|with|of|for|to|by|near|im|in|auf|an|mit|dans|sur|avec|en|sobre|con|em|no|na|com|à|au)\b",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[。।]$|[^\s.]{2,}[.!]$")
_SENTENCE_WORDS = 4  # a title or a name ends with a full stop, too, but has rarely so many words and a small one inside
_CJK = re.compile(r"[぀-ヿ㐀-鿿]")
_CJK_VERB = re.compile(r"[はがをも].*(?:です|ます|である|いる|ある|た)[。.]?$|[是有在为為]")
_SMALL_FIRST = re.compile(
    r"^(?:the|a|an|it|this|there|he|she|they|le|la|les|l['’]\w+|il|elle|ils|on|der|die|das|es|er|sie|el|los|las|o|os|as)\b",
    re.IGNORECASE,
)


def predicate_span(text: str) -> Span | None:
    """Where the answer stands in a sentence with a copula; None where there is none, or the sentence denies."""
    stripped = text.strip(_AROUND)
    if _NO_PREDICATE.search(stripped):
        return None
    offset = text.index(stripped) if stripped else 0
    for pattern in _PREDICATES:
        found = pattern.search(stripped)
        if found and len(found["value"]) <= _MAX_CHARS and not _NO_VALUE.match(found["value"]):
            return trim_span(text, (offset + found.start("value"), offset + found.end("value")))
    return None


def is_sentence(text: str) -> bool:
    """Whether a short reply is a sentence rather than the answer itself."""
    stripped = text.strip(_AROUND)
    if _CJK.search(stripped):
        return bool(_CJK_VERB.search(stripped))
    words = stripped.split()
    return len(words) >= _SENTENCE_WORDS and bool(_ENDS_SENTENCE.search(stripped) and _SMALL_FIRST.match(stripped))
