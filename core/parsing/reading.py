"""What reading an answer gives, how sure each rule is by itself, and the trimming that every rule shares.

Knows no rule: those stand in ``core.parsing.answer`` (statements) and ``core.parsing.implicit_answer`` (everything
else).
"""

from dataclasses import dataclass, replace

Span = tuple[int, int]

_MARKUP = " \t\r\n*_`$\"'“”‘’:>#"
# By rule, before what else the text says lowers it.
SURE = {
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
    """What was read: the option's text (or the stated text, rule "other"), by which rule, from which characters.

    ``answer`` None and rule "unclear": nothing, or more than one answer, is stated. ``confidence`` in [0, 1] is the
    rule's own, lowered for each thing in the text that speaks against it, and 0 when unclear. It orders readings by
    how much they deserve a look; it is no probability.
    """

    answer: str | None
    rule: str
    span: Span | None
    confidence: float = 1.0


UNCLEAR = Reading(answer=None, rule="unclear", span=None, confidence=0.0)


def of_option(rule: str, span: Span, option: int, options: tuple[str, ...]) -> Reading:
    """The option, as sure as its rule."""
    return Reading(answer=options[option], rule=rule, span=span, confidence=SURE[rule])


def less_sure(read: Reading, factor: float) -> Reading:
    """The same reading with its confidence times the factor."""
    return replace(read, confidence=read.confidence * factor)


def moved(read: Reading, by: int) -> Reading:
    """A reading of the end of a text as one of the whole, whose end begins at ``by``."""
    return read if read.span is None else replace(read, span=(read.span[0] + by, read.span[1] + by))


def trimmed(text: str, span: Span) -> Span:
    """The span without white space, quotes, markup and the full stop around it."""
    start, end = span
    while start < end and text[start] in _MARKUP:
        start += 1
    while start < end and text[end - 1] in _MARKUP + ".,;!。":
        end -= 1
    return start, end


def unwrapped(value: str) -> str:
    """Without one pair of parentheses around it, which stay around a single letter: "(H)" names an option."""
    inner = value[1:-1].strip() if value.startswith("(") and value.endswith(")") else ""
    return inner.rstrip(".") if len(inner) > 1 and not set("()") & set(inner) else value
