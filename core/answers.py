"""Read the answer that an output states, and compare answers.

Only the final statement counts: "the answer is …", "\\boxed{…}", "#### …", else what the last sentence names, else the
only option named at all. Several options, or none, is "unclear": an answer is read or not read, never guessed.
Knows no model and no file; where a text states its answer is ``core.sentences``' business.
"""

import re
from dataclasses import dataclass

from core.sentences import sentence_spans, statements
from core.wording import Word, normalise, words

__all__ = ["Reading", "is_correct", "normalise", "read_answer"]

Span = tuple[int, int]

_MARKUP = " \t\r\n*_`$\"'“”‘’:"
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
_LABEL = re.compile(
    r"(?:(?:option|choice|letter)\s*)?(?:\(([A-Za-z])\)|([A-Za-z])(?=\s*$|\s*[).:,;!–—]|\s+-))\)?", re.I
)
_LETTER = re.compile(r"\(([A-Za-z])\)|\b(?:options?|choices?|letters?)\s+([A-Za-z])\b|\b([B-HJ-Z])\b(?!['’])")
_SURE_LETTER = re.compile(r"\(([A-Za-z])\)|\b(?:[Oo]ption|[Cc]hoice)\s+([A-Z])\b")
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|cannot|neither|nor|without|unlike|excludes?|eliminates?)|n['’]t"
    r"|\b(?:rather|other) than|\binstead of)(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:unclear|unknown|unsure|not sure|cannot|can['’]t|don['’]t know|unable|impossible to|undetermined"
    r"|not enough)\b",
    re.IGNORECASE,
)
_TAIL = re.compile(r".*(?:\b(?:is|are|was|were|be|equals?|gives?|makes)\b|=)\s*", re.IGNORECASE | re.DOTALL)
_CONCLUDES = re.compile(r"^\W*(?:so|thus|therefore|hence|in conclusion|as a result|finally)\b", re.IGNORECASE)
_YES_NO = re.compile(r"\W*(yes|no)\b(?=\s*(?:[,.;:!–—]|$))", re.IGNORECASE)
_IT_IS = re.compile(r"(?:it|this|that|there)(?: is|['’]s)\s+(?=\w)", re.IGNORECASE)
_BARE_WORDS = 5
_STATED_WORDS = 12


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read: the option's text (or the stated text, rule "other"), by which rule, from which characters.

    ``answer`` None and rule "unclear": nothing, or more than one answer, is stated.
    """

    answer: str | None
    rule: str
    span: Span | None


UNCLEAR = Reading(answer=None, rule="unclear", span=None)


def is_correct(answer: str | None, truth: str) -> bool:
    """Whether the answer reads the same as the truth (``normalise``); an unclear answer (None) is not correct."""
    return answer is not None and normalise(answer) == normalise(truth)


def read_answer(text: str, options: tuple[str, ...]) -> Reading:
    """The answer that the text states.

    With options the answer is one of their texts, or, where a final statement or a bare short output is none of them,
    those words themselves (rule "other"). Without options it is the stated text, or a whole output of a few words.
    """
    found = statements(text)
    if found:
        return _stated(text, found[-1].value, found[-1].kind, options)
    if not text.strip():
        return UNCLEAR
    return _from_prose(text, options) if options else _free_form(text)


def _stated(text: str, span: Span, rule: str, options: tuple[str, ...]) -> Reading:
    start, end = _trim(text, span)
    value = _TEXT_COMMAND.sub(r"\1", text[start:end])
    if not value:
        return UNCLEAR
    named = _named(value, options)
    if len(named) == 1:
        return Reading(answer=options[named.pop()], rule=rule, span=(start, end))
    if named or (options and _HEDGE.search(value)) or len(value.split()) > _STATED_WORDS:
        return UNCLEAR
    return Reading(answer=_unwrapped(value), rule="other" if options else rule, span=(start, end))


def _named(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that a short statement names: exactly, by letter, or by their text inside it."""
    exact = {at for at, option in enumerate(options) if _same(value, option)}
    if exact:
        return exact
    label = _LABEL.match(value)
    if label and (index := _index(label[1] or label[2])) < len(options):
        rest = value[label.end() :]
        others = {_index(m[1] or m[2] or m[3]) for m in _LETTER.finditer(rest) if not _denied(rest, m.start())}
        follows = {at for at, start in _mentions(rest, options) if start == _first_word(rest)}
        return {index} | (follows or {at for at in others if at < len(options)})
    by_text = {at for at, start in _mentions(value, options) if not _denied(value, start)}
    if by_text:
        return by_text
    letters = {_index(m[1] or m[2] or m[3]) for m in _LETTER.finditer(value) if not _denied(value, m.start())}
    return {at for at in letters if at < len(options)}


def _from_prose(text: str, options: tuple[str, ...]) -> Reading:
    """Without a statement: a bare answer, a leading yes or no, the last sentence, or the only option named at all."""
    sentences = sentence_spans(text)
    start, end = _trim(text, (0, len(text)))
    if len(sentences) == 1 and (named := _labelled_or_exact(text[start:end], options)):
        return (
            Reading(answer=options[named.pop()], rule="only the answer", span=(start, end))
            if len(named) == 1
            else UNCLEAR
        )
    if (yes_no := _YES_NO.match(text)) and (option := _option_named(yes_no[1], options)) is not None:
        return Reading(answer=options[option], rule="yes or no", span=yes_no.span(1))
    read = _from_last_sentence(text, sentences[-1], options) or _only_mention(text, options)
    if read.answer is None and not _mentions(text, options) and _is_bare(text):
        start += bare.end() if (bare := _IT_IS.match(text[start:end])) else 0
        return Reading(answer=_unwrapped(text[start:end]), rule="other", span=(start, end))
    return read


def _from_last_sentence(text: str, span: Span, options: tuple[str, ...]) -> Reading | None:
    """None when the last sentence names no option, so that the whole text decides."""
    start, end = _trim(text, span)
    sentence = text[start:end]
    label = _LABEL.fullmatch(sentence)
    if label and _index(label[1] or label[2]) < len(options):
        return Reading(answer=options[_index(label[1] or label[2])], rule="last line", span=(start, end))
    named = _mentioned(sentence, options)
    if len(named) == 1:
        return Reading(answer=options[named.pop()], rule="last sentence", span=(start, end))
    tail = _TAIL.match(sentence)
    if named and tail and (_CONCLUDES.match(sentence) or "equal" in tail[0][-9:] or "=" in tail[0][-3:]):
        concluded = {at for at, option in enumerate(options) if _same(sentence[tail.end() :], option)}
        if len(concluded) == 1:
            return Reading(answer=options[concluded.pop()], rule="conclusion", span=(start + tail.end(), end))
    return UNCLEAR if named or any(True for _ in _mentions(sentence, options)) else None


def _only_mention(text: str, options: tuple[str, ...]) -> Reading:
    named = _mentioned(text, options)
    every = {at for at, _ in _mentions(text, options)}
    if len(named) == 1 and every <= named:
        return Reading(answer=options[named.pop()], rule="only option named", span=None)
    return UNCLEAR


def _labelled_or_exact(value: str, options: tuple[str, ...]) -> set[int]:
    """What a whole output names as an option's own text, or by a label in front ("b) dog")."""
    exact = {at for at, option in enumerate(options) if _same(value, option)}
    return exact or (_named(value, options) if _LABEL.match(value) else set())


def _is_bare(text: str) -> bool:
    """A few words that neither hedge nor deny: an answer and nothing else."""
    denied = _NEGATION.search(text + " x")
    return len(sentence_spans(text)) == 1 and len(text.split()) <= _BARE_WORDS and not (_HEDGE.search(text) or denied)


def _free_form(text: str) -> Reading:
    yes_no = _YES_NO.match(text)
    if yes_no:
        return Reading(answer=yes_no[1], rule="yes or no", span=yes_no.span(1))
    start, end = _trim(text, (0, len(text)))
    if _is_bare(text):
        return Reading(answer=_unwrapped(text[start:end]), rule="only the answer", span=(start, end))
    return UNCLEAR


def _mentioned(text: str, options: tuple[str, ...]) -> set[int]:
    """Options named in running prose, by text or by a letter that can be nothing else, and not denied ("not a cat")."""
    named = {at for at, start in _mentions(text, options, prose=True) if not _denied(text, start)}
    letters = {_index(m[1] or m[2]) for m in _SURE_LETTER.finditer(text) if not _denied(text, m.start())}
    return named | {at for at in letters if at < len(options)}


def _mentions(text: str, options: tuple[str, ...], *, prose: bool = False) -> list[tuple[int, int]]:
    """(option, offset) of each option's text in the text; a longer option hides a shorter one inside it.

    In prose a spelled "one" is a pronoun ("the left one"), "no" a determiner, and a single letter a word ("a", "I").
    """
    found = words(text)
    texts = [word.text for word in found]
    taken: set[int] = set()
    mentions: list[tuple[int, int]] = []
    wanted = [(at, [word.text for word in words(option)]) for at, option in enumerate(options)]
    for at, wording in sorted(wanted, key=lambda pair: -len(pair[1])):
        size = len(wording)
        for first in range(len(texts) - size + 1 if size else 0):
            places = set(range(first, first + size))
            if texts[first : first + size] == wording and not places & taken:
                if prose and size == 1 and _is_small_word(found[first], text):
                    continue
                taken |= places
                mentions.append((at, found[first].start))
    return mentions


def _is_small_word(word: Word, text: str) -> bool:
    behind = text[word.end : word.end + 2].strip()
    return (
        (word.spelled and word.text == "1")
        or (word.text == "no" and behind[:1].isalpha())
        or (len(word.text) == 1 and word.text.isalpha())
    )


def _option_named(value: str, options: tuple[str, ...]) -> int | None:
    same = [at for at, option in enumerate(options) if _same(value, option)]
    return same[0] if len(same) == 1 else None


def _same(value: str, option: str) -> bool:
    return normalise(value) == normalise(option)


def _denied(text: str, start: int) -> bool:
    return bool(_NEGATION.search(re.split(r"[.,;]", text[max(0, start - 80) : start])[-1]))


def _first_word(text: str) -> int:
    found = words(text)
    return found[0].start if found else -1


def _index(letter: str) -> int:
    return ord(letter.upper()) - ord("A")


def _trim(text: str, span: Span) -> Span:
    """The span without white space, quotes, markup and the full stop around it."""
    start, end = span
    while start < end and text[start] in _MARKUP:
        start += 1
    while start < end and text[end - 1] in _MARKUP + ".,;!。":
        end -= 1
    return start, end


def _unwrapped(value: str) -> str:
    """Without one pair of parentheses around it, which stay around a single letter: "(H)" names an option."""
    inner = value[1:-1].strip() if value.startswith("(") and value.endswith(")") else ""
    return inner.rstrip(".") if len(inner) > 1 and not set("()") & set(inner) else value
