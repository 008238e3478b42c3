"""Read an answer from an output that states none in so many words.

In this order: a bare answer, a leading yes or no, an answer that opens the output, the only option called right, what
the last sentence names, what a "therefore" names, the only option named at all. Knows no model.
"""

import re
from collections.abc import Sequence

from core.parsing.option_mentions import (
    LABEL,
    WRONG,
    Mention,
    exactly,
    held,
    letter_index,
    mentions,
    named_in_short,
    set_apart,
)
from core.parsing.reading import SURE, UNCLEAR, Reading, Span, less_sure, of_option, trimmed, unwrapped
from core.parsing.statements import sentence_spans

Items = dict[Span, int]

# Said of the answer in place of it.
VAGUE = re.compile(
    r"\W*(?:clear|obvious|simple|straightforward|shown|provided|given|as follows|correct|incorrect|wrong|among|one of"
    r"|all of|both|each|either|in the (?:image|picture|text|table)|they|these|there are|I|we)\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:unclear|unknown|unsure|not sure|cannot|can['’]t|don['’]t know|unable|impossible to|undetermined"
    r"|not enough|not visible)\b",
    re.IGNORECASE,
)
CONCLUDES = re.compile(
    r"(?:^|[,;:]\s*|\band\s+)\W*(?:so|thus|therefore|hence|in conclusion|in total|altogether|overall|as a result"
    r"|finally|I conclude)\b",
    re.I,
)
_ASIDE = re.compile(r"\b(?:whereas|while|although|though)\b", re.IGNORECASE)
_REFUSES = re.compile(
    r"\b(?:(?:cannot|can['’]t|could not|couldn['’]t|unable to|impossible to)\s+(?:be\s+)?(?:determine|tell|see|view"
    r"|answer|say|identify|provide|assist|help)|not sure|don['’]t know|as an AI)",
    re.IGNORECASE,
)
_COULD = re.compile(r"\b(?:may|might|could) (?:\w+ )?be\b|\b(?:perhaps|possibly)\b|\bif\b[^.]*\bwere\b", re.IGNORECASE)
_TAIL = re.compile(r".*(?:\b(?:is|are|was|were|be|equals?|gives?|makes)\b|=)\s*", re.IGNORECASE | re.DOTALL)
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
_BARE_WORDS = 5


def from_prose(text: str, options: tuple[str, ...]) -> Reading:
    """The answer among the options, "other" for a bare output that is none of them, or unclear."""
    sentences = sentence_spans(text)
    if not sentences:
        return UNCLEAR
    span = trimmed(text, sentences[0])
    opening = _labelled_or_exact(text[slice(*span)], options)
    if len(sentences) == 1 and opening:
        return of_option("only the answer", span, opening.pop(), options) if len(opening) == 1 else UNCLEAR
    yes_no = _YES_NO.match(text)
    if yes_no and not _REFUSES.search(text, *sentences[0]) and len(said := exactly(yes_no[1], options)) == 1:
        return of_option("yes or no", yes_no.span(1), said.pop(), options)
    items = _items(text, options)
    read = _from_sentences(text, sentences, items, options)
    if len(opening) == 1 and not items:
        first = of_option("first line", span, opening.pop(), options)
        labelled = LABEL.match(text[slice(*span)]) is not None
        return _agreed(text, first, read) if labelled or _alone(text[span[1] :], first, options) else read
    if read.answer is None and not items and not mentions(text, options) and _is_bare(text):
        return _bare(text, options)
    return read


def free_form(text: str) -> Reading:
    """The answer of an output without options: a leading yes or no, or a whole output of a few words."""
    if yes_no := _YES_NO.match(text):
        return Reading(answer=yes_no[1], rule="yes or no", span=yes_no.span(1), confidence=SURE["yes or no"])
    return _bare(text, ()) if _is_bare(text) else UNCLEAR


def _agreed(text: str, first: Reading, read: Reading) -> Reading:
    """An answer that opens the text, and what the rest of it says: only a conclusion speaks against it."""
    if read.answer in (None, first.answer):
        return first
    concludes = read.rule == "option is correct" or (read.span and CONCLUDES.search(text[slice(*read.span)]))
    return UNCLEAR if concludes else less_sure(first, 0.7)


def _alone(rest: str, first: Reading, options: tuple[str, ...]) -> bool:
    """Whether the rest of the text claims no other option."""
    return {options[at] for at in held(rest, options)} <= {first.answer}


def _from_sentences(text: str, sentences: Sequence[Span], items: Items, options: tuple[str, ...]) -> Reading:
    """What the text calls right, else names last, concludes, or names alone; ``items`` list options and claim none."""
    prose = [span for span in sentences if not any(start <= span[0] < end for start, end in items)]
    right = [each for each, at in items.items() if _item_is_right(text[slice(*each)])]
    called = [of_option("option is correct", trimmed(text, each), items[each], options) for each in right]
    called += [read for span in prose if (read := _called_right(text, span, options))]
    if called:
        return called[-1] if len({read.answer for read in called}) == 1 else UNCLEAR
    while prose and _CHATTER.match(text, *prose[-1]):
        prose.pop()
    if not prose:
        return UNCLEAR
    last = _from_last(text, prose, options) or _concluded(text, prose, options)
    return last or _only_mention(text, prose, options)


def _from_last(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading | None:
    """None when the last sentence names no option, or only says what could be: then the whole text decides.

    Where an earlier sentence claims another option, the last one must conclude, or end with the option it names.
    """
    span = prose[-1]
    start, end = trimmed(text, span)
    sentence = text[start:end]
    label = LABEL.fullmatch(sentence)
    if label and letter_index(label) < len(options):
        return of_option("last line", (start, end), letter_index(label), options)
    if not mentions(sentence, options) or _COULD.search(sentence):
        return None
    named = held(sentence, options)
    tail = _TAIL.match(sentence)
    if len(named) == 1:
        claimed = set().union(*(held(text[first:last], options) for first, last in prose[:-1]))
        ends_with = tail and exactly(sentence[tail.end() :], options) == named
        sure = claimed <= named or CONCLUDES.search(sentence) or ends_with
        return of_option("last sentence", (start, end), named.pop(), options) if sure else UNCLEAR
    for conclusion in list(CONCLUDES.finditer(sentence))[-1:]:
        if len(behind := held(_ASIDE.split(sentence[conclusion.end() :])[0], options)) == 1:
            return of_option("conclusion", (start + conclusion.end(), end), behind.pop(), options)
    if named and tail and (CONCLUDES.search(sentence) or "equal" in tail[0][-9:] or "=" in tail[0][-3:]):
        concluded = exactly(sentence[tail.end() :], options)
        if len(concluded) == 1:
            return of_option("conclusion", (start + tail.end(), end), concluded.pop(), options)
    return UNCLEAR


def _concluded(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading | None:
    """The last sentence that begins with "therefore" or the like, where it and nothing after it names one option."""
    for start, end in reversed(prose):
        if mentions(text[start:end], options):
            named = held(text[start:end], options)
            if len(named) == 1 and CONCLUDES.match(text[start:end]) and not _COULD.search(text[start:end]):
                return of_option("conclusion", trimmed(text, (start, end)), named.pop(), options)
            return None
    return None


def _only_mention(text: str, prose: list[Span], options: tuple[str, ...]) -> Reading:
    """The only option that the text names, where it does so at the start or the end and not on the way."""
    whole, rule = text[prose[0][0] : prose[-1][1]], "only option named"
    named = held(whole, options)
    if len(named) != 1 or {each.option for each in mentions(whole, options)} != named or _COULD.search(whole):
        return UNCLEAR
    if not any(held(text[slice(*span)], options) for span in (prose[0], *prose[-2:])):
        return UNCLEAR
    return Reading(answer=options[named.pop()], rule=rule, span=None, confidence=SURE[rule])


def _called_right(text: str, span: Span, options: tuple[str, ...]) -> Reading | None:
    """The one option of which a sentence says that it is right: "Dog is the correct answer." """
    sentence = text[slice(*span)]
    called = _CALLED_RIGHT.search(sentence)
    named = held(sentence[: called.start()], options) if called else set()
    return of_option("option is correct", trimmed(text, span), named.pop(), options) if len(named) == 1 else None


def _item_is_right(item: str) -> bool:
    return bool(_CALLED_RIGHT.search(item)) and not WRONG.search(item)


def _items(text: str, options: tuple[str, ...]) -> Items:
    """The lines that take the options one by one ("A. cat: …"), with the option of each; {} for fewer than two."""
    found: Items = {}
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
    named = mentions(head, options)
    return named[0] if named and named[0].start == 0 else None


def _labelled_or_exact(value: str, options: tuple[str, ...]) -> set[int]:
    """What a whole output names as an option's own text, or by a label in front ("b) dog"), and does not deny."""
    if exact := exactly(value, options):
        return exact
    denied = {each.option for each in mentions(value, options)} - held(value, options)
    return named_in_short(value, options) - denied if LABEL.match(value) else set()


def _is_bare(text: str) -> bool:
    """A few words that neither hedge nor deny: an answer and nothing else."""
    few = len(sentence_spans(text)) == 1 and len(text.split()) <= _BARE_WORDS
    return few and not (HEDGE.search(text) or _NOT_BARE.search(text + " x") or VAGUE.match(text))


def _bare(text: str, options: tuple[str, ...]) -> Reading:
    start, end = trimmed(text, (0, len(text)))
    start += bare.end() if (bare := _IT_IS.match(text[start:end])) else 0
    value, rule = text[start:end], "only the answer"
    if named_in_short(value, options):
        return UNCLEAR
    if len(part := set_apart(value, options)) == 1:
        return less_sure(of_option(rule, (start, end), part.pop(), options), 0.8)
    rule = "other" if options else rule
    return Reading(answer=unwrapped(value), rule=rule, span=(start, end), confidence=SURE[rule])
