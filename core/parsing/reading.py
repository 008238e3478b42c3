"""The result of reading an answer, the confidence of each rule, and the trimming that all rules share."""

from dataclasses import dataclass, replace

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
    while start < end and text[end - 1] in _MARKUP + ".,;!。":
        end -= 1
    return start, end


def strip_parentheses(value: str) -> str:
    """Without one pair of parentheses, unless they hold a single letter: "(H)" names an option."""
    inner = value[1:-1].strip() if value.startswith("(") and value.endswith(")") else ""
    return inner.rstrip(".") if len(inner) > 1 and not set("()") & set(inner) else value
