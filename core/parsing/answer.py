"""Read the answer that an output states, with a confidence, and compare answers.

Only the final statement counts ("the answer is …", "\\boxed{…}", "#### …"); without one,
``core.parsing.implicit_answer`` reads the text. Several options, or none, is "unclear": an answer is never guessed.
"""

import re
from dataclasses import replace

from core.parsing import languages
from core.parsing.comparison.equality import same_answer, with_symbols
from core.parsing.implicit_answer import read_prose
from core.parsing.labels import find_letters
from core.parsing.naming.places import find_places
from core.parsing.normalisation import words
from core.parsing.option_mentions import (
    asserted_options,
    distinctive_matches,
    exact_matches,
    find_mentions,
    options_in_short,
)
from core.parsing.prose.asides import supposes
from core.parsing.prose.open_answer import read_free_form
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
    shift_span,
    strip_parentheses,
    trim_span,
)
from core.parsing.reply import answering_part
from core.parsing.statements import Statement, find_statements, sentence_spans, to_plain_text

_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|boldsymbol)\s*\{([^{}]*)\}")
_MATH = re.compile(r"\\[()\[\]]|\$")
_HEDGED = re.compile(
    r"\b(?:may|might|could|perhaps|possibly|probably|likely|presumably|seems?|appears?|suggests?|I (?:think|guess))\b",
    re.IGNORECASE,
)
_ADVERB = re.compile(r"(?:(?:most |very )?(?:probably|likely|possibly|perhaps|clearly|definitely|indeed)\s+)+", re.I)
_RETRACTION = re.compile(
    r"(?:^|[.!?\n…])[\s*_]*(?:(?:wait|hold on|hmm|correction|on second thought|on reflection|sorry|I made a mistake"
    r"|let me (?:re|correct))\b|(?:but )?(?:actually|no)\b(?=\s*[,.!:]))[\s,.!:…]*",
    re.IGNORECASE,
)
# Between two statements, it takes the first one back.
_CONTRAST = re.compile(
    r"(?:^|[.!?\n。，,;])[\s*_]*(?:(?:but|however|aber|jedoch|pero|sin embargo|mais|cependant|mas|porém)\b"
    r"|但是?|然而|不过|不過|しかし|ただし|लेकिन|لكن)",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"(?:(?:la|le|el|les|un|une|una|ein|eine|der|die|das|den|il|o|a|um|uma)\s+(?=\S)|l['’])?"
    rf"(?:(?:option|buchstabe|letter|lettera|{languages.LABEL_WORDS})\b\s*(?=[^\w\s]*(?:[A-Z]\b|[a-z][)\]*])))?",
)
_SCRIPTS = re.compile(r"(?<=[^\W\d_a-zA-ZÀ-ɏ])(?=[A-Za-z])|(?<=[A-Za-z])(?=[^\W\d_a-zA-ZÀ-ɏ])")
_REMARKED = re.compile(r"([^()]{1,200}?)\s*\(([^()]{4,300})\)\.?")
_MAX_ANSWER_WORDS = 12
_MAX_EARLIER = 20  # statements; a degenerate output can make hundreds
# Factors on the confidence: several answers stated, another option in the same sentence, hedging, and only part of an
# option's text.
_REVISED_FACTOR, _OTHER_OPTION_FACTOR, _HEDGED_FACTOR, _PARTIAL_FACTOR = 0.7, 0.85, 0.75, 0.8


def is_correct(answer: str | None, truth: str) -> bool:
    """Whether the answer equals the truth (``core.parsing.comparison``); an unclear answer (None) is not correct."""
    return answer is not None and same_answer(answer, truth)


def read_answer(text: str, options: tuple[str, ...]) -> Reading:
    """The answer that the text states.

    With options, the answer is one of their texts, or, where a final statement or a short output matches none of them,
    those words themselves (rule "other"). Without options, it is the stated text, or an entire output of a few words.
    """
    text = answering_part(to_plain_text(text))
    if not text.strip():
        return UNCLEAR
    found = _asserted(text, find_statements(text))
    read = _read_final(text, found, options) if found else _read_unstated(text, options)
    return read if read.answer is None else _adjust_confidence(text, read, options)


def _read_unstated(text: str, options: tuple[str, ...]) -> Reading:
    if is_placeholder(text) and not exact_matches(text, options):
        return UNCLEAR
    return read_prose(text, options) if options else read_free_form(text)


def _read_final(text: str, found: list[Statement], options: tuple[str, ...]) -> Reading:
    """The last statement, unless the text retracts it, or states several answers without concluding."""
    last = found[-1]
    if back := _RETRACTION.search(text, max(last.value[0], last.end - 1)):
        anew = shift_span(_read_unstated(text[back.end() :], options), back.end())
        return lower_confidence(anew, _REVISED_FACTOR) if anew.answer in options else UNCLEAR
    read = _read_statement(text, last, options)
    if read.rule == "other" and (label := _label_behind(text, last, options)):
        return label
    stated = [_read_statement(text, each, options).answer for each in found[-_MAX_EARLIER:-1]]
    earlier = set(stated) - {None, read.answer}
    if read.answer is None or not (earlier & set(options) if options else earlier):
        return read
    other_kind = last.kind != found[-2].kind or _is_final_box(text, found, read.answer in stated)
    revised = (
        last.concludes
        or other_kind
        or _RETRACTION.search(text, found[-2].end - 1, last.start + 1)
        or _CONTRAST.search(text, found[-2].end, last.start)
    )
    return lower_confidence(read, _REVISED_FACTOR) if revised else UNCLEAR


def _asserted(text: str, found: list[Statement]) -> list[Statement]:
    """The statements of what is, without those of what would be ("If it were red, the answer would be no")."""
    if len(found) > 2 and not _value(text, found[-1]) and len({_value(text, each) for each in found[:-1]}) == 1:
        found = found[:-1]  # a repeated statement that is cut off
    spans = sentence_spans(text) if found else ()
    said = [each for each in found if not languages.ONLY_RIGHT.fullmatch(text[slice(*each.value)])]
    return [
        each
        for each in said[-_MAX_EARLIER:]
        if not any(
            supposes(text[first : each.end]) or supposes(text[first : each.value[0] + 1])
            for first, last in spans
            if first <= each.value[0] < last
        )
    ]


def _value(text: str, statement: Statement) -> str:
    return text[slice(*statement.value)].strip(" *_:.\n")


def _is_final_box(text: str, found: list[Statement], is_repeated: bool) -> bool:
    """Whether the last two statements are boxes in sentences of their own, and the last answer is a new one."""
    before, last = found[-2], found[-1]
    between = text[before.value[1] : last.start]
    return before.kind == last.kind == "boxed" and not is_repeated and bool(re.search(r"[.!?。\n]", between))


def _label_behind(text: str, statement: Statement, options: tuple[str, ...]) -> Reading | None:
    """The one option whose letter follows a value that is none of them: "\\boxed{x = 4}, which matches option (A)"."""
    rest = text[statement.end :]
    named = [each for each in find_letters(rest, options) if each.option in asserted_options(rest, options)]
    if len({each.option for each in named}) != 1:
        return None
    span = (statement.end + named[-1].start, statement.end + named[-1].end)
    return lower_confidence(option_reading("last sentence", span, named[-1].option, options), _REVISED_FACTOR)


def _read_statement(text: str, statement: Statement, options: tuple[str, ...]) -> Reading:
    rule = statement.kind
    start, end = trim_span(text, statement.value)
    start += adverb.end() if (adverb := _ADVERB.match(text[start:end])) else 0
    value = with_symbols(_MATH.sub("", _TEXT_COMMAND.sub(r"\1", text[start:end]))).strip()
    value = value.replace("**", "").strip() if "**" in value else value
    if statement.foreign:
        value = _bare_value(value, options)
    value = languages.CONTRAST.sub("", value, count=1)
    if not value or (statement.foreign and languages.DENIED_VALUE.search(value)):
        return UNCLEAR
    value = _without_remark(value, options)
    if is_placeholder(value) and not exact_matches(value, options):
        return UNCLEAR
    named, confidence = options_in_short(value, options), RULE_CONFIDENCE[rule]
    if not named and statement.foreign and options:
        value = _DETERMINER.sub("", value, count=1)
        named = options_in_short(value, options)
    if not named and (named := distinctive_matches(value, options)):
        confidence *= _PARTIAL_FACTOR
    places = {each.option for each in find_places(text[statement.start : statement.end], options)}
    if (not named or any(word.text.isdigit() for word in words(value))) and len(places) == 1:
        named = named | places
    if len(named) == 1:
        return Reading(answer=options[named.pop()], rule=rule, span=(start, end), confidence=confidence)
    if named or HEDGE.search(value) or VAGUE.match(value) or len(value.split()) > _MAX_ANSWER_WORDS:
        return UNCLEAR
    if options and (statement.foreign or not is_own_answer(value, options, stated=True)):
        return UNCLEAR
    shown = "other" if options else rule
    return Reading(answer=strip_parentheses(value), rule=shown, span=(start, end), confidence=RULE_CONFIDENCE[shown])


def _without_remark(value: str, options: tuple[str, ...]) -> str:
    """The value without a remark of several words in brackets behind it: "14 (16 with the skylights)"."""
    remark = _REMARKED.fullmatch(value) if value.endswith((")", ").")) else None
    if not remark or len(words(remark[2])) < 2 or exact_matches(value, options):
        return value
    return remark[1]


def _bare_value(value: str, options: tuple[str, ...]) -> str:
    """The answer of a statement in another language without particles and quotes."""
    value = languages.TAIL.sub("", value)
    value = _SCRIPTS.sub(" ", value) if options else value
    return value.strip(" *_「」『』“”\"'")


def _adjust_confidence(text: str, read: Reading, options: tuple[str, ...]) -> Reading:
    """The reading, less confident where its sentence also names another option or hedges ("probably")."""
    start, end = read.span or (0, len(text))
    around = " ".join(text[first:last] for first, last in sentence_spans(text) if first < end and last > start)
    names_another = any(options[each.option] != read.answer for each in find_mentions(around, options))
    confidence = (
        read.confidence
        * (_OTHER_OPTION_FACTOR if names_another else 1)
        * (_HEDGED_FACTOR if _HEDGED.search(around) else 1)
    )
    return replace(read, confidence=round(confidence, 3))
