"""The result of reading an answer, the confidence of each rule, and what all rules share: trimming, and telling an
answer outside the options from words that are none."""

import re
from dataclasses import dataclass, replace

from core.parsing import languages
from core.parsing.labels import LABEL
from core.parsing.normalisation import words

Span = tuple[int, int]

_MARKUP = " \t\r\n*_`$\"'“”‘’:>#"
# By rule, before the rest of the text reduces it.
RULE_CONFIDENCE = {
    "boxed": 0.98,
    "####": 0.98,
    "tagged": 0.98,
    "only the answer": 0.98,
    "the answer is": 0.95,
    "option is correct": 0.9,
    "first line": 0.9,
    "last line": 0.9,
    "yes or no": 0.85,
    "conclusion": 0.75,
    "last sentence": 0.7,
    "other": 0.7,
    "only option named": 0.5,
}

# Descriptions of an answer in place of one.
VAGUE = re.compile(
    r"\W*(?:clear|obvious|simple|straightforward|shown|provided|given|as follows|correct|incorrect|wrong|among|one of"
    r"|all of|both|each|either|in the (?:image|picture|text|table)|they|these|there are|I|we)\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:unclear|unknown|unsure|not sure|cannot|can['’]t|don['’]t know|unable|impossible to|undetermined"
    rf"|not enough|not visible)\b|{languages.UNSURE}",
    re.IGNORECASE,
)
# "[Insert answer]", "<your answer>", null: a form that was not filled in.
_PLACEHOLDER = re.compile(
    r"[\[<{(]\s*(?:insert|your|put|write|fill|enter|add|the|final|answer|option|letter|hier|ihre?|votre|insérer|su|tu"
    r"|sua|inserte|insira|填写|在此|请|答案|選択肢|ここに|यहाँ|अपना|أدخل|ضع|اكتب|\.{2,}|…|_|x\b)[^\]>})]*[\]>})]?"
    r"|(?:insert |put |write )?(?:your|the) (?:final )?(?:answer|choice|option|letter)(?: here)?"
    r"|null|nil|undefined|nan|n/a|tbd|\?+|[._…]{2,}|-+",
    re.IGNORECASE,
)
_LABELS = re.compile(r"(?:(?i:option|choice|letter)\s*)?\(?([A-Za-z]|[A-Z](?:(?:[\s,/&]|and|or)*[A-Z]){1,4})\)?")
_FOREIGN = re.compile(r"[\u0400-\u04ff\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MARKUP_LEFT = re.compile(r"[<>|]\w|</|\w[<>|](?!\s)|[{}\[\]](?!.*\\)")
_MAX_ANSWER_WORDS = 6


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read: the option's text (or the stated text, rule "other"), by which rule, and from which characters.

    ``answer`` None and rule "unclear": no answer, or more than one, is stated. ``confidence`` in [0, 1] is that of the
    rule, reduced for everything in the text that contradicts it, and 0 when unclear. It ranks readings for review; it
    is not a probability.
    """

    answer: str | None
    rule: str
    span: Span | None
    confidence: float = 1.0


UNCLEAR = Reading(answer=None, rule="unclear", span=None, confidence=0.0)


def option_reading(rule: str, span: Span, option: int, options: tuple[str, ...]) -> Reading:
    """The reading of an option, with the confidence of its rule."""
    return Reading(answer=options[option], rule=rule, span=span, confidence=RULE_CONFIDENCE[rule])


def lower_confidence(read: Reading, factor: float) -> Reading:
    """The same reading with its confidence multiplied by ``factor``."""
    return replace(read, confidence=read.confidence * factor)


def shift_span(read: Reading, by: int) -> Reading:
    """The reading of a suffix of a text as one of the whole text; the suffix starts at ``by``."""
    return read if read.span is None else replace(read, span=(read.span[0] + by, read.span[1] + by))


def trim_span(text: str, span: Span) -> Span:
    """The span without surrounding white space, quotes, markup and closing punctuation."""
    start, end = span
    while start < end and text[start] in _MARKUP:
        start += 1
    while start < end and text[end - 1] in _MARKUP.replace("#", "") + ".,;!。।":  # "C#" keeps its sign
        end -= 1
    return start, end


def strip_parentheses(value: str) -> str:
    """Without one pair of parentheses, unless they hold a single letter: "(H)" names an option."""
    inner = value[1:-1].strip() if value.startswith("(") and value.endswith(")") else ""
    return inner.rstrip(".") if len(inner) > 1 and not set("()") & set(inner) else value


def is_placeholder(value: str) -> bool:
    """Whether the words stand where an answer should be and are none."""
    return bool(_PLACEHOLDER.fullmatch(value.strip(" .*_\"'")))


def is_own_answer(value: str, options: tuple[str, ...], *, stated: bool) -> bool:
    """Whether words that match no option are an answer outside the options ("a horse"), not a label that does not
    exist ("(H)", "AB"), a sentence ("La réponse est B"), or what is left of markup."""
    value = value.strip(" .")
    labels = _LABELS.fullmatch(value)
    if labels and (len(labels[1]) == 1 or all(_is_label(letter, options) for letter in re.findall("[A-Z]", labels[1]))):
        return False
    if (
        languages.SAYS_ANSWER.search(value)
        or LABEL.match(value)
        or languages.VERB.search(value)
        or _MARKUP_LEFT.search(value)
    ):
        return False
    own, known = {word.text for word in words(value)}, [{word.text for word in words(option)} for option in options]
    if any(own < option for option in known) or (_FOREIGN.search(value) and not _FOREIGN.search("".join(options))):
        return False  # "5" of "5 m" and "5 cm", "はい" of Yes and No
    longest = max(len(words(option)) for option in options)
    return len(words(value)) <= (max(_MAX_ANSWER_WORDS, longest + 2) if stated else longest + 1)


def _is_label(letter: str, options: tuple[str, ...]) -> bool:
    return ord(letter) - ord("A") < len(options)
