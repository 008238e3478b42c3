"""Read the answer that an output states, say how sure that is, and compare answers.

Only the final statement counts: "the answer is …", "\\boxed{…}", "#### …"; without one,
``core.parsing.implicit_answer`` reads the text. Several options, or none, is "unclear": an answer is read or not read,
never guessed. Knows no model and no file; where a text states its answer is ``core.parsing.statements``' business, what
a phrase names ``core.parsing.option_mentions``'s.
"""

import re
from dataclasses import replace

from core.parsing.implicit_answer import HEDGE, VAGUE, free_form, from_prose
from core.parsing.normalisation import normalise
from core.parsing.option_mentions import mentions, named_in_short, set_apart
from core.parsing.reading import SURE, UNCLEAR, Reading, less_sure, moved, trimmed, unwrapped
from core.parsing.statements import Statement, plain, sentence_spans, statements

__all__ = ["UNCLEAR", "Reading", "is_correct", "normalise", "read_answer"]

_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|boldsymbol)\s*\{([^{}]*)\}")
_MATH = re.compile(r"\\[()\[\]]|\$")
_MAYBE = re.compile(
    r"\b(?:may|might|could|perhaps|possibly|probably|likely|presumably|seems?|appears?|suggests?|I (?:think|guess))\b",
    re.IGNORECASE,
)
_ADVERB = re.compile(r"(?:(?:most |very )?(?:probably|likely|possibly|perhaps|clearly|definitely|indeed)\s+)+", re.I)
_TAKES_BACK = re.compile(
    r"(?:^|[.!?\n…])[\s*_]*(?:(?:wait|hold on|hmm|correction|on second thought|on reflection|sorry|I made a mistake"
    r"|let me (?:re|correct))\b|(?:but )?(?:actually|no)\b(?=\s*[,.!:]))[\s,.!:…]*",
    re.IGNORECASE,
)
_STATED_WORDS = 12
_LOOK_BACK = 20  # statements: an output that goes round in circles makes hundreds
# What lowers a confidence: several answers stated, another option named beside the one read, a "probably".
_REVISED, _BESIDE, _UNSURE, _IN_PART = 0.7, 0.85, 0.75, 0.8


def is_correct(answer: str | None, truth: str) -> bool:
    """Whether the answer reads the same as the truth (``normalise``); an unclear answer (None) is not correct."""
    return answer is not None and normalise(answer) == normalise(truth)


def read_answer(text: str, options: tuple[str, ...]) -> Reading:
    """The answer that the text states.

    With options the answer is one of their texts, or, where a final statement or a bare short output is none of them,
    those words themselves (rule "other"). Without options it is the stated text, or a whole output of a few words.
    """
    text = plain(text)
    if not text.strip():
        return UNCLEAR
    found = statements(text)
    read = _final(text, found, options) if found else _unstated(text, options)
    return read if read.answer is None else _weighed(text, read, options)


def _unstated(text: str, options: tuple[str, ...]) -> Reading:
    return from_prose(text, options) if options else free_form(text)


def _final(text: str, found: list[Statement], options: tuple[str, ...]) -> Reading:
    """The last statement, unless the text takes it back, or states several answers and concludes with none of them."""
    last = found[-1]
    if back := _TAKES_BACK.search(text, max(last.value[0], last.end - 1)):
        anew = moved(_unstated(text[back.end() :], options), back.end())
        return less_sure(anew, _REVISED) if anew.answer in options else UNCLEAR
    read = _stated(text, last, options)
    earlier = {_stated(text, each, options).answer for each in found[-_LOOK_BACK:-1]} - {None, read.answer}
    if read.answer is None or not (earlier & set(options) if options else earlier):
        return read
    other_kind = last.kind != found[-2].kind
    revised = last.concludes or other_kind or _TAKES_BACK.search(text, found[-2].end - 1, last.start + 1)
    return less_sure(read, _REVISED) if revised else UNCLEAR


def _stated(text: str, statement: Statement, options: tuple[str, ...]) -> Reading:
    rule = statement.kind
    start, end = trimmed(text, statement.value)
    start += adverb.end() if (adverb := _ADVERB.match(text[start:end])) else 0
    value = _MATH.sub("", _TEXT_COMMAND.sub(r"\1", text[start:end])).strip()
    if not value:
        return UNCLEAR
    named, sure = named_in_short(value, options), SURE[rule]
    if not named and (named := set_apart(value, options)):
        sure *= _IN_PART
    if len(named) == 1:
        return Reading(answer=options[named.pop()], rule=rule, span=(start, end), confidence=sure)
    if named or HEDGE.search(value) or VAGUE.match(value) or len(value.split()) > _STATED_WORDS:
        return UNCLEAR
    shown = "other" if options else rule
    return Reading(answer=unwrapped(value), rule=shown, span=(start, end), confidence=SURE[shown])


def _weighed(text: str, read: Reading, options: tuple[str, ...]) -> Reading:
    """The reading, less sure where its own sentence names another option too, or says "probably"."""
    start, end = read.span or (0, len(text))
    around = " ".join(text[first:last] for first, last in sentence_spans(text) if first < end and last > start)
    beside = any(options[each.option] != read.answer for each in mentions(around, options))
    sure = read.confidence * (_BESIDE if beside else 1) * (_UNSURE if _MAYBE.search(around) else 1)
    return replace(read, confidence=round(sure, 3))
