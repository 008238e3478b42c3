"""Read an answer from an output without an explicit statement.

Tried in this order: a bare answer, a leading yes or no, an answer that opens the output, the only option called
correct, the option in the last sentence, the one after a "therefore", the only option named at all.
"""

import re
from collections.abc import Sequence

from core.parsing import languages
from core.parsing.labels import LABEL, letter_index
from core.parsing.option_mentions import (
    WRONG,
    asserted_options,
    exact_matches,
    find_mentions,
    named_alone,
    options_in_short,
)
from core.parsing.prose.asides import CHATTER, adds, without_remarks, without_suppositions
from core.parsing.prose.items import OptionLines, option_lines
from core.parsing.prose.short import is_bare, leading_word, options_led_by, read_bare
from core.parsing.reading import (
    RULE_CONFIDENCE,
    UNCLEAR,
    Reading,
    Span,
    lower_confidence,
    option_reading,
    trim_span,
)
from core.parsing.statements import sentence_spans
from core.parsing.vocabulary import asides, results

CONCLUDES = re.compile(
    r"(?:^|[,;:]\s*|\band\s+)\W*(?:so|thus|therefore|hence|in conclusion|in total|altogether|overall|as a result"
    rf"|finally|I conclude)\b|(?:^|[,.;:。、]\s*){languages.CONCLUDES}|{languages.CONCLUDES_INSIDE}"
    rf"|^\W*(?:{results.RESULT})[\s*_]{{0,4}}[:=]",
    re.I,
)
_ASIDE = re.compile(r"\b(?:whereas|while|although|though)\b", re.IGNORECASE)
_REFUSES = re.compile(
    r"\b(?:(?:cannot|can['’]t|could not|couldn['’]t|unable to|impossible to)\s+(?:be\s+)?(?:determine|tell|see|view"
    r"|answer|say|identify|provide|assist|help)|not sure|don['’]t know|as an AI)",
    re.IGNORECASE,
)
_COULD = re.compile(
    r"\b(?:may|might|could) (?:\w+ )?be\b|\b(?:perhaps|possibly)\b|\bif\b[^.]*\bwere\b"
    rf"|{languages.HEDGE}|{languages.UNSURE}",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r".*(?:\b(?:is|are|was|were|be|equals?|gives?|makes|ist|sind|est|sont|es|son|é|são)\b|[=是为]|هو|هي)\s*",
    re.IGNORECASE | re.DOTALL,
)
_CALLED_RIGHT = re.compile(
    r"(?:(?:\b(?:is|are|must be|would be)\s+(?:clearly\s+|therefore\s+)?|(?<=[:–—-])[\s*_]*)"
    r"(?:the\s+|most\s+)*(?:correct|right|best|answer)\b(?!\s+(?:of|side|next|above|below|about|in))|[✅✓✔])",
    re.IGNORECASE,
)
_WOULD = re.compile(asides.MOOD, re.IGNORECASE)
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*|__([^_\n]{1,120})__")


def read_prose(text: str, options: tuple[str, ...]) -> Reading:
    """The answer among the options, "other" for a short output that matches none of them, or unclear."""
    plain = without_remarks(text, options)
    if plain == text or find_mentions(plain, options):
        return _read_plain(plain, options)
    return _read_plain(text, options)


def _read_plain(text: str, options: tuple[str, ...]) -> Reading:
    sentences = sentence_spans(text)
    if not sentences:
        return UNCLEAR
    span = trim_span(text, sentences[0])
    opening = _labelled_or_exact(text[slice(*span)], options)
    if len(sentences) == 1 and opening:
        return option_reading("only the answer", span, opening.pop(), options) if len(opening) == 1 else UNCLEAR
    items = option_lines(text, options)
    leading = leading_word(text)
    if leading and not _REFUSES.search(text, *sentences[0]):
        led = exact_matches(leading[1], options) or options_led_by(leading[1], options)
        if len(led) == 1:
            first = option_reading("yes or no", leading.span(1), led.pop(), options)
            return _check_opening(text, first, _from_sentences(text, sentences, items, options))
    read = _from_sentences(text, sentences, items, options)
    if len(opening) == 1 and not items:
        first = option_reading("first line", span, opening.pop(), options)
        labelled = LABEL.match(text[slice(*span)]) is not None
        return (
            _check_opening(text, first, read) if labelled or _claims_no_other(text[span[1] :], first, options) else read
        )
    if read.answer is None and not items and not find_mentions(text, options) and is_bare(text):
        return read_bare(text, options)
    return read


def _check_opening(text: str, first: Reading, read: Reading) -> Reading:
    """An answer that opens the text; only a conclusion in the rest can contradict it."""
    if read.answer in (None, first.answer):
        return first
    concludes = read.rule == "option is correct" or (read.span and CONCLUDES.search(text[slice(*read.span)]))
    return UNCLEAR if concludes else lower_confidence(first, 0.7)


def _claims_no_other(rest: str, first: Reading, options: tuple[str, ...]) -> bool:
    """Whether the rest of the text asserts no other option."""
    return {options[at] for at in asserted_options(rest, options)} <= {first.answer}


def _from_sentences(text: str, sentences: Sequence[Span], items: OptionLines, options: tuple[str, ...]) -> Reading:
    """The option that the text calls correct, else names last, concludes, or names alone. ``items`` are lines that
    list the options and assert none."""
    prose = [span for span in sentences if not any(start <= span[0] < end for start, end in items)]
    right = [each for each, at in items.items() if _item_is_right(text[slice(*each)])]
    called = [option_reading("option is correct", trim_span(text, each), items[each], options) for each in right]
    called += [read for span in prose if (read := _called_right(text, span, options))]
    if called:
        return called[-1] if len({read.answer for read in called}) == 1 else UNCLEAR
    prose = _without_closing(text, prose, options)
    if not prose:
        return UNCLEAR
    last = _from_last(text, prose, options) or _from_conclusion(text, prose, options)
    return last or _only_asserted(text, prose, options)


def _without_closing(text: str, prose: list[Span], options: tuple[str, ...]) -> list[Span]:
    """Without suppositions, and without the turns to the reader, questions and additions at the end."""
    while prose and CHATTER.match(text, *prose[-1]):
        prose.pop()
    prose = without_suppositions(text, prose)
    while len(prose) > 1:
        said = text[slice(*prose[-1])]
        is_question = said.rstrip(' *_"”»」').endswith(("?", "？", "؟"))
        is_addition = adds(said) and find_mentions(said, options)
        named = asserted_options(text[slice(*prose[-2])], options) if is_addition else set()
        if not is_question and len(named) != 1:
            break
        prose = prose[:-1]
    return prose


def _from_last(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading | None:
    """The option of the last sentence; None when it names none, only denies or is only hypothetical, so that the whole
    text decides.

    Where an earlier sentence asserts another option, the last one must conclude, end with its option or set it in bold.
    """
    span = prose[-1]
    start, end = trim_span(text, span)
    sentence = text[start:end]
    label = LABEL.fullmatch(sentence)
    if label and letter_index(label, options) < len(options) and len(options_in_short(sentence, options)) == 1:
        return option_reading("last line", (start, end), letter_index(label, options), options)
    exact = exact_matches(sentence, options)
    if len(exact) == 1 and len(sentence) > 1 and text[:start].rstrip(" *_").endswith("\n"):
        return option_reading("last line", (start, end), exact.pop(), options)
    if not find_mentions(sentence, options) or _COULD.search(sentence):
        return None
    named = asserted_options(sentence, options)
    tail = _TAIL.match(sentence)
    if not named:
        return None
    bold = _in_bold(text[slice(*span)], options) & named
    bold = bold if find_mentions(sentence, options)[-1].option in bold else set()
    if len(named) == 1 or len(bold) == 1:
        claimed = set().union(*(asserted_options(text[first:last], options) for first, last in prose[:-1]))
        ends_with = tail and exact_matches(sentence[tail.end() :], options) == named
        is_certain = claimed <= named or CONCLUDES.search(sentence) or ends_with or bool(bold)
        one = (bold or named).pop()
        return option_reading("last sentence", (start, end), one, options) if is_certain else UNCLEAR
    return _concluded(sentence, start, tail, options)


def _concluded(sentence: str, start: int, tail: re.Match[str] | None, options: tuple[str, ...]) -> Reading:
    """Of a last sentence that asserts several options, the one behind "therefore" or at its end."""
    end = start + len(sentence)
    for conclusion in list(CONCLUDES.finditer(sentence))[-1:]:
        if len(behind := asserted_options(_ASIDE.split(sentence[conclusion.end() :])[0], options)) == 1:
            return option_reading("conclusion", (start + conclusion.end(), end), behind.pop(), options)
    if tail and (CONCLUDES.search(sentence) or "equal" in tail[0][-9:] or "=" in tail[0][-3:]):
        concluded = exact_matches(sentence[tail.end() :], options)
        if len(concluded) == 1:
            return option_reading("conclusion", (start + tail.end(), end), concluded.pop(), options)
    return UNCLEAR


def _in_bold(sentence: str, options: tuple[str, ...]) -> set[int]:
    """The options that are set in bold in a sentence."""
    bold = [each[1] or each[2] for each in _BOLD.finditer(sentence)]
    return set().union(*(asserted_options(each, options) for each in bold)) if bold else set()


def _from_conclusion(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading | None:
    """The last sentence that starts with "therefore" or similar, if it names one option and nothing after it names
    any."""
    for start, end in reversed(prose):
        if find_mentions(text[start:end], options):
            named = asserted_options(text[start:end], options)
            if len(named) == 1 and CONCLUDES.match(text[start:end]) and not _COULD.search(text[start:end]):
                return option_reading("conclusion", trim_span(text, (start, end)), named.pop(), options)
            return None
    return None


def _only_asserted(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading:
    """The only option that the text asserts, the others being denied or not named, if that is at the start or the end
    and not just in between."""
    whole, rule = text[prose[0][0] : prose[-1][1]], "only option named"
    asserting = [span for span in prose if asserted_options(text[slice(*span)], options)]
    named = set().union(*(asserted_options(text[slice(*span)], options) for span in asserting)) if asserting else set()
    if len(named) != 1 or _COULD.search(whole):
        return UNCLEAR
    if not any(span in asserting for span in (prose[0], *prose[-2:])):
        return UNCLEAR
    if {each.option for each in find_mentions(whole, options)} != named and (
        _REFUSES.search(whole) or any(_WOULD.search(text[slice(*span)]) for span in asserting)
    ):
        return UNCLEAR  # "One would think of a cat, but it is no cat."
    return Reading(answer=options[named.pop()], rule=rule, span=None, confidence=RULE_CONFIDENCE[rule])


def _called_right(text: str, span: Span, options: tuple[str, ...]) -> Reading | None:
    """The one option that a sentence calls correct: "Dog is the correct answer." """
    sentence = text[slice(*span)]
    called = _CALLED_RIGHT.search(sentence)
    named = asserted_options(sentence[: called.start()], options) if called else set()
    return option_reading("option is correct", trim_span(text, span), named.pop(), options) if len(named) == 1 else None


def _item_is_right(item: str) -> bool:
    return bool(_CALLED_RIGHT.search(item)) and not WRONG.search(item)


def _labelled_or_exact(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that an entire output names by their own text or by a label in front ("b) dog"), without denying
    them."""
    if exact := named_alone(value, options):
        return exact
    denied = {each.option for each in find_mentions(value, options)} - asserted_options(value, options)
    return options_in_short(value, options) - denied if LABEL.match(value) else set()
