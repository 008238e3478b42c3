"""Read the answer to an open question from a reply that states none: a leading yes or no, a few words, or the value
with which the last sentence ends."""

import re

from core.parsing.normalisation import words
from core.parsing.prose.asides import CHATTER, supposes, without_remarks
from core.parsing.prose.short import IT_IS, is_bare, leading_word, read_bare
from core.parsing.prose.subject_sentence import is_sentence, predicate_span
from core.parsing.reading import (
    HEDGE,
    RULE_CONFIDENCE,
    UNCLEAR,
    Reading,
    is_placeholder,
    lower_confidence,
    trim_span,
)
from core.parsing.statements import sentence_spans
from core.parsing.vocabulary.numbers import UNITS
from core.parsing.vocabulary.results import EQUALS, RESULT

_CURRENCY = r"(?:US|R|A|C|HK)?[$€£¥₹₽]|EUR|USD|CHF|BRL|INR|CNY|euros?|dollars?|Euro|元|円|रुपये|रु\.?|دولار|ريال|يورو"
_UNIT_NAMES = "|".join(
    sorted((re.escape(each) for key, forms in UNITS.items() for each in [key, *forms.split()]), key=len, reverse=True)
)
_NUMERAL = r"[-−+]?\d+(?:[  ]\d{3})*(?:[.,:/-]\d+)*"
_UNIT = (
    rf"(?:\s?(?:{_CURRENCY}|%|‰|°\s?[CF]?|(?:{_UNIT_NAMES})(?:[²³]|/\w{{1,3}})?|a\.?m\.?|p\.?m\.?|Uhr"
    rf"|h\s?\d{{2}}|[时時]\d{{0,2}}分?|点\d{{0,2}}分?)(?!\w))"
)
_VALUE = rf"(?:(?:{_CURRENCY})\s?)?{_NUMERAL}{_UNIT}?"
_RESULT_LINE = re.compile(
    rf"^[\s>*_#•-]*(?:{RESULT})[\s*_]*[::=][\s*_]*(?P<value>[^\n*]{{1,60}}?)[\s*_.。]*$", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“「『«]\s*([^\"“”「」『』«»\n]{1,60}?)\s*[\"”」』»]")
_ENDS = re.compile(
    rf"(?:{EQUALS})\s*(?:\w+\s+of\s+)?(?:(?:donc|also|therefore|thus|somit|daher|quindi|entonces|portanto"
    r"|então|bien|genau|exactly|about)\s+)?[\s*_:($]*$",
    re.IGNORECASE,
)
_VALUES = re.compile(rf"(?<![\w.,/:]){_VALUE}")
_BOLD = re.compile(r"\*\*\s*([^*\n]{1,60}?)\s*[.:]?\*\*")
_ALL_MARKED = re.compile(r"\s*(?:\*\*|[\"“「『«])[^\"“”「」*:：]{1,60}(?:\*\*|[\"”」』»])[.。]?\s*")
_MAX_WORDS = 6
_CONTEXT_CHARS = 80


def read_free_form(text: str) -> Reading:
    """The answer of an output without options."""
    if (leading := leading_word(text)) and len(leading[1]) > 1:
        confidence = RULE_CONFIDENCE["yes or no"]
        return Reading(answer=leading[1], rule="yes or no", span=leading.span(1), confidence=confidence)
    if is_bare(text) and (IT_IS.match(text.lstrip()) or _ALL_MARKED.fullmatch(text)):
        return read_bare(text, ())
    last = _read_last(text)
    if last.answer is not None or not is_bare(text):
        return last
    return UNCLEAR if is_sentence(text) else read_bare(text, ())


def _read_last(text: str) -> Reading:
    """The value of the last sentence, where it is the only one that it can mean."""
    plain = without_remarks(text, ()) if not _QUOTED.search(text) else text
    sentences = sentence_spans(plain)
    while len(sentences) > 1 and CHATTER.match(plain, *sentences[-1]):
        sentences = sentences[:-1]
    if not sentences:
        return UNCLEAR  # all of it stands in brackets
    start, end = sentences[-1]
    said = plain[start:end]
    if HEDGE.search(said) or supposes(said) or said.rstrip(" *").endswith(("?", "？", "؟")):
        return UNCLEAR
    if line := _RESULT_LINE.match(said):
        return _reading(text, start + line.start("value"), start + line.end("value"))
    for pattern in (_BOLD, _QUOTED):
        marked = list(pattern.finditer(said))
        ends = len(marked) == 1 and not said[marked[0].end() :].strip(" .。!*")
        if ends and (
            _says(said, marked[0]) or (len(pattern.findall(text)) == 1 and not is_sentence(marked[0][1] + "."))
        ):
            return _reading(text, start + marked[0].start(1) + _label_length(marked[0][1]), start + marked[0].end(1))
    values = list(_VALUES.finditer(said))
    if values and not said[values[-1].end() :].strip(" .。!*$_)です") and _says(said, values[-1]):
        return _reading(text, start + values[-1].start(), start + values[-1].end())
    if len(sentences) == 1 and (span := predicate_span(text)):
        return _reading(text, *span)
    return UNCLEAR


def _label_length(value: str) -> int:
    """How long what stands before a colon is: "Total: 42 km"."""
    return max(value.rfind(":"), value.rfind("：")) + 1 if not re.search(r"\d:\d", value) else 0


def _says(said: str, value: re.Match[str]) -> bool:
    """Whether a verb or an equals sign stands right before the value."""
    return bool(_ENDS.search(said[max(0, value.start() - _CONTEXT_CHARS) : value.start()]))


def _reading(text: str, start: int, end: int) -> Reading:
    start, end = trim_span(text, (start, end))
    value = text[start:end]
    if not value or len(words(value)) > _MAX_WORDS or is_placeholder(value):
        return UNCLEAR
    read = Reading(answer=value, rule="last sentence", span=(start, end), confidence=RULE_CONFIDENCE["last sentence"])
    return lower_confidence(read, 0.9)
