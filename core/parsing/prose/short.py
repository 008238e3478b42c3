"""Read an output of a few words that is an answer and nothing else, and a leading yes or no."""

import re
from functools import lru_cache

from core.parsing.naming.wordings import wordings
from core.parsing.normalisation import words
from core.parsing.option_mentions import distinctive_matches, options_in_short
from core.parsing.reading import (
    HEDGE,
    RULE_CONFIDENCE,
    UNCLEAR,
    VAGUE,
    Reading,
    is_own_answer,
    is_placeholder,
    lower_confidence,
    option_reading,
    strip_parentheses,
    trim_span,
)
from core.parsing.statements import sentence_spans
from core.parsing.vocabulary import opposites

_NOT_BARE = re.compile(r"\b(?:not|no|never|neither|nor|without|unlike)(?:\W+\w+){0,3}\W*$", re.IGNORECASE)
IT_IS = re.compile(r"(?:it|this|that|there)(?: is|['’]s)\s+(?=\w)", re.IGNORECASE)
_MAX_BARE_WORDS = 5


def leading_word(text: str) -> re.Match[str] | None:
    """The yes or no, or the true or false, with which an output begins, in any language."""
    return _leading().match(text)


def options_led_by(word: str, options: tuple[str, ...]) -> set[int]:
    """The options that a leading word is, by their own words or in another language."""
    form = tuple(each.text for each in words(word))
    return {at for at, each in wordings(options).forms if each == form}


@lru_cache(maxsize=1)
def _leading() -> re.Pattern[str]:
    said = sorted((each for row in opposites.LEADING for each in row), key=len, reverse=True)
    return re.compile(
        rf"\W*({'|'.join(map(re.escape, said))})(?![\w\u0900-\u0963])(?=\s*(?:[,.;:!–—、。،।]|$))", re.IGNORECASE
    )


def is_bare(text: str) -> bool:
    """Whether the text is a few words without hedging or negation: an answer and nothing else."""
    few = len(sentence_spans(text)) == 1 and len(text.split()) <= _MAX_BARE_WORDS
    return few and not (HEDGE.search(text) or _NOT_BARE.search(text + " x") or VAGUE.match(text))


def read_bare(text: str, options: tuple[str, ...]) -> Reading:
    """The reading of a bare answer: one option's distinctive words, or, where there are none, the words themselves."""
    start, end = trim_span(text, (0, len(text)))
    start += bare.end() if (bare := IT_IS.match(text[start:end])) else 0
    value, rule = text[start:end], "only the answer"
    if options_in_short(value, options) or is_placeholder(value):
        return UNCLEAR
    if len(part := distinctive_matches(value, options)) == 1:
        return lower_confidence(option_reading(rule, (start, end), part.pop(), options), 0.8)
    if options and not is_own_answer(value, options, stated=False):
        return UNCLEAR
    rule = "other" if options else rule
    return Reading(answer=strip_parentheses(value), rule=rule, span=(start, end), confidence=RULE_CONFIDENCE[rule])
