"""Read an answer from an output without an explicit statement.

Tried in this order: a bare answer, a leading yes or no, an answer that opens the output, the only option called
correct, the option in the last sentence, the one after a "therefore", the only option named at all.
"""

import re
from collections.abc import Sequence

from core.parsing import languages
from core.parsing.labels import LABEL, Mention, letter_index
from core.parsing.option_mentions import (
    WRONG,
    asserted_options,
    distinctive_matches,
    exact_matches,
    find_mentions,
    named_alone,
    options_in_short,
)
from core.parsing.reading import (
    HEDGE,
    RULE_CONFIDENCE,
    UNCLEAR,
    VAGUE,
    Reading,
    Span,
    is_own_answer,
    lower_confidence,
    option_reading,
    strip_parentheses,
    trim_span,
)
from core.parsing.statements import sentence_spans

OptionLines = dict[Span, int]

CONCLUDES = re.compile(
    r"(?:^|[,;:]\s*|\band\s+)\W*(?:so|thus|therefore|hence|in conclusion|in total|altogether|overall|as a result"
    rf"|finally|I conclude)\b|(?:^|[,.;:。、]\s*){languages.CONCLUDES}",
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
_CHATTER = re.compile(
    r"\W*(?:I hope|hope (?:this|that)|let me know|feel free|please|if you|is there anything|would you|do you|thank)\b",
    re.IGNORECASE,
)
_NOT_BARE = re.compile(r"\b(?:not|no|never|neither|nor|without|unlike)(?:\W+\w+){0,3}\W*$", re.IGNORECASE)
_YES_NO = re.compile(r"\W*(yes|no)\b(?=\s*(?:[,.;:!–—]|$))", re.IGNORECASE)
_IT_IS = re.compile(r"(?:it|this|that|there)(?: is|['’]s)\s+(?=\w)", re.IGNORECASE)
_BEFORE_ITEM = re.compile(r"[\s>*_#•-]*(?:\d{1,2}[.)]\s*)?[\s*_]*")
_BEHIND_ITEM = re.compile(r"[\s*_`]*[:–—-]")
_MAX_BARE_WORDS = 5


def read_prose(text: str, options: tuple[str, ...]) -> Reading:
    """The answer among the options, "other" for a short output that matches none of them, or unclear."""
    sentences = sentence_spans(text)
    if not sentences:
        return UNCLEAR
    span = trim_span(text, sentences[0])
    opening = _labelled_or_exact(text[slice(*span)], options)
    if len(sentences) == 1 and opening:
        return option_reading("only the answer", span, opening.pop(), options) if len(opening) == 1 else UNCLEAR
    yes_no = _YES_NO.match(text)
    if yes_no and not _REFUSES.search(text, *sentences[0]) and len(answered := exact_matches(yes_no[1], options)) == 1:
        return option_reading("yes or no", yes_no.span(1), answered.pop(), options)
    items = _option_lines(text, options)
    read = _from_sentences(text, sentences, items, options)
    if len(opening) == 1 and not items:
        first = option_reading("first line", span, opening.pop(), options)
        labelled = LABEL.match(text[slice(*span)]) is not None
        return (
            _check_opening(text, first, read) if labelled or _claims_no_other(text[span[1] :], first, options) else read
        )
    if read.answer is None and not items and not find_mentions(text, options) and _is_bare(text):
        return _read_bare(text, options)
    return read


def read_free_form(text: str) -> Reading:
    """The answer of an output without options: a leading yes or no, or an entire output of a few words."""
    if yes_no := _YES_NO.match(text):
        return Reading(answer=yes_no[1], rule="yes or no", span=yes_no.span(1), confidence=RULE_CONFIDENCE["yes or no"])
    return _read_bare(text, ()) if _is_bare(text) else UNCLEAR


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
    while prose and _CHATTER.match(text, *prose[-1]):
        prose.pop()
    if not prose:
        return UNCLEAR
    last = _from_last(text, prose, options) or _from_conclusion(text, prose, options)
    return last or _only_mention(text, prose, options)


def _from_last(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading | None:
    """The option of the last sentence; None when it names none or is only hypothetical, so that the whole text decides.

    Where an earlier sentence asserts another option, the last one must conclude or end with its option.
    """
    span = prose[-1]
    start, end = trim_span(text, span)
    sentence = text[start:end]
    label = LABEL.fullmatch(sentence)
    if label and letter_index(label) < len(options) and len(options_in_short(sentence, options)) == 1:
        return option_reading("last line", (start, end), letter_index(label), options)
    if not find_mentions(sentence, options) or _COULD.search(sentence):
        return None
    named = asserted_options(sentence, options)
    tail = _TAIL.match(sentence)
    if len(named) == 1:
        claimed = set().union(*(asserted_options(text[first:last], options) for first, last in prose[:-1]))
        ends_with = tail and exact_matches(sentence[tail.end() :], options) == named
        is_certain = claimed <= named or CONCLUDES.search(sentence) or ends_with
        return option_reading("last sentence", (start, end), named.pop(), options) if is_certain else UNCLEAR
    for conclusion in list(CONCLUDES.finditer(sentence))[-1:]:
        if len(behind := asserted_options(_ASIDE.split(sentence[conclusion.end() :])[0], options)) == 1:
            return option_reading("conclusion", (start + conclusion.end(), end), behind.pop(), options)
    if named and tail and (CONCLUDES.search(sentence) or "equal" in tail[0][-9:] or "=" in tail[0][-3:]):
        concluded = exact_matches(sentence[tail.end() :], options)
        if len(concluded) == 1:
            return option_reading("conclusion", (start + tail.end(), end), concluded.pop(), options)
    return UNCLEAR


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


def _only_mention(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading:
    """The only option named in the text, if it is named at the start or the end and not just in between."""
    whole, rule = text[prose[0][0] : prose[-1][1]], "only option named"
    named = asserted_options(whole, options)
    if len(named) != 1 or {each.option for each in find_mentions(whole, options)} != named or _COULD.search(whole):
        return UNCLEAR
    if not any(asserted_options(text[slice(*span)], options) for span in (prose[0], *prose[-2:])):
        return UNCLEAR
    return Reading(answer=options[named.pop()], rule=rule, span=None, confidence=RULE_CONFIDENCE[rule])


def _called_right(text: str, span: Span, options: tuple[str, ...]) -> Reading | None:
    """The one option that a sentence calls correct: "Dog is the correct answer." """
    sentence = text[slice(*span)]
    called = _CALLED_RIGHT.search(sentence)
    named = asserted_options(sentence[: called.start()], options) if called else set()
    return option_reading("option is correct", trim_span(text, span), named.pop(), options) if len(named) == 1 else None


def _item_is_right(item: str) -> bool:
    return bool(_CALLED_RIGHT.search(item)) and not WRONG.search(item)


def _option_lines(text: str, options: tuple[str, ...]) -> OptionLines:
    """The lines that go through the options one by one ("A. cat: …"), each with its option; {} for fewer than two."""
    found: OptionLines = {}
    for line in re.finditer(r".+", text):
        begin = _BEFORE_ITEM.match(line[0])
        head = line[0][begin.end() if begin else 0 :]
        label = LABEL.match(head)
        if label and letter_index(label) < len(options):
            found[line.span()] = letter_index(label)
        elif (first := _first_mention(head, options)) and _BEHIND_ITEM.match(head, first.end):
            found[line.span()] = first.option
    return found if len(set(found.values())) > 1 else {}


def _first_mention(head: str, options: tuple[str, ...]) -> Mention | None:
    named = find_mentions(head, options)
    return named[0] if named and named[0].start == 0 else None


def _labelled_or_exact(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that an entire output names by their own text or by a label in front ("b) dog"), without denying
    them."""
    if exact := named_alone(value, options):
        return exact
    denied = {each.option for each in find_mentions(value, options)} - asserted_options(value, options)
    return options_in_short(value, options) - denied if LABEL.match(value) else set()


def _is_bare(text: str) -> bool:
    """Whether the text is a few words without hedging or negation: an answer and nothing else."""
    few = len(sentence_spans(text)) == 1 and len(text.split()) <= _MAX_BARE_WORDS
    return few and not (HEDGE.search(text) or _NOT_BARE.search(text + " x") or VAGUE.match(text))


def _read_bare(text: str, options: tuple[str, ...]) -> Reading:
    start, end = trim_span(text, (0, len(text)))
    start += bare.end() if (bare := _IT_IS.match(text[start:end])) else 0
    value, rule = text[start:end], "only the answer"
    if options_in_short(value, options):
        return UNCLEAR
    if len(part := distinctive_matches(value, options)) == 1:
        return lower_confidence(option_reading(rule, (start, end), part.pop(), options), 0.8)
    if options and not is_own_answer(value, options, stated=False):
        return UNCLEAR
    rule = "other" if options else rule
    return Reading(answer=strip_parentheses(value), rule=rule, span=(start, end), confidence=RULE_CONFIDENCE[rule])
