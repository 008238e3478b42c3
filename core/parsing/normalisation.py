"""Normalise words for comparison: case, articles, punctuation and ways of writing a number are ignored.

"The Eleven." equals "11", "1,000" equals "1000.0", "letter_tray" equals "letter tray"; but "-5" differs from "5", "a >
b" from "a < b", "-sin x" from "sin x", "C#" from "C" and "5 MW" from "5 mW". How two answers are compared:
``core.parsing.comparison``.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Chinese and Japanese are written without spaces: each character is a word, but a run of katakana is one. Marks are
# vowels and the like that Python does not count as letters (Arabic, Hindi, accents that stand alone).
_ONE_BY_ONE = "\u3041-\u309f\u3400-\u9fff\uf900-\ufaff"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_MARKS = (
    "\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u0a3c-\u0a4d\u0abc-\u0acd\u0b3c-\u0b57\u0bbe-\u0bcd\u0c3e-\u0c56\u0cbc-\u0cd6"
    "\u0d3e-\u0d4d\u0e31\u0e34-\u0e4e\u200c\u200d"
)
_LETTER = rf"[^\W_{_ONE_BY_ONE}{_KATAKANA}]"
_MATHS = "<>=≤≥≠+×÷/√∛±∓¬^\u2190-\u21ff\u2200-\u2211\u2213-\u22ff"
_FUNCTIONS = "sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|arcsin|arccos|arctan|pi"
_OPERAND = r"(?:\d+(?![^\W_])|[A-Za-zα-ω](?![^\W_]))"
_TOKEN = re.compile(
    r"\d+[aA](?![^\W_])|(?<![\w.])[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)"
    r"|(?<![\w.])[-−]?\d+(?:\.\d+)?|\d+|(?<!\w)[-−]?\.\d+"
    rf"|[{_ONE_BY_ONE}]|[{_KATAKANA}]+|(?:[lL]|[dD]|[qQ]u)['’](?={_LETTER}{{2}})"
    rf"|[A-Za-z]#(?!\w)|{_LETTER}(?:{_LETTER}|[{_MARKS}])*(?:['’][^\W\d_]+)*|[{_MATHS}]"
    # A sign ("-sin x"), or a minus between short operands ("x - 1", "2x-1"); not the hyphen of "t-shirt" or "B - dog".
    rf"|(?:(?<!\S)|(?<=[(\[{{=<>+×÷/^,:*_$\"“]))[-−](?=(?:{_FUNCTIONS}|[A-Za-zα-ω]{{1,2}})(?![^\W_])|√)"
    rf"|(?:(?<=\b[A-Za-zα-ω]\s)|(?<=\d\s))[-−](?=\s{_OPERAND})|(?<=(?<![^\W\d_])[A-Za-zα-ω])[-−](?={_OPERAND})"
)
_NOT_IN_WORDS = re.compile(rf"[^\w'.,#{_MATHS}{_MARKS}-]")
# Arabic vowel signs and the lengthening stroke are left out as often as not.
_LEFT_OUT = re.compile("[\u0640\u064b-\u065f\u0670\u200c\u200d]")
_SUBSCRIPT = re.compile("(?<=[^\\W\\d_])[₀₁₂₃₄₅₆₇₈₉]+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
# After a number, "MW" is a unit of its own beside "mW".
_MEGA_UNIT = re.compile(r"\d\s*M[A-Za-zΩ]")
_MEGA = re.compile(r"M(?=(?:W|Hz|Pa|V|A|J|N|Ω|eV|g|m|s|L|mol)h?$)")
MAX_PASSES = 5
_ARTICLES = frozenset(("a", "an", "the", "l'"))
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: number for number, word in enumerate(_SMALL)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}


class Word(NamedTuple):
    """A normalised word and its position in the text; ``spelled`` for a number written as a word.

    A NamedTuple, because a long output makes thousands of them.
    """

    text: str
    start: int
    end: int
    spelled: bool = False


@lru_cache(maxsize=64)
def words(text: str) -> tuple[Word, ...]:
    """The normalised words in order, without articles unless there is nothing else ("A" stays)."""
    found = all_words(text)
    return tuple(word for word in found if word.text not in _ARTICLES) or found


@lru_cache(maxsize=64)
def all_words(text: str) -> tuple[Word, ...]:
    """The normalised words in order, articles among them."""
    found = [Word(_normalise_token(match[0]), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    if _MEGA_UNIT.search(text):
        found = [
            word._replace(text="mega" + word.text[1:])
            if at and found[at - 1].text[-1:].isdigit() and _MEGA.match(text[word.start : word.end])
            else word
            for at, word in enumerate(found)
        ]
    return tuple(attach_signs(_join_numbers(found)))


def is_article(word: Word) -> bool:
    """Whether the word is left out of comparisons."""
    return word.text in _ARTICLES


def attach_signs(found: list[Word]) -> list[Word]:
    """Each minus as part of the word behind it: "x - 1" and "x -1" are the same words."""
    if not any(word.text == "-" for word in found):
        return found
    attached: list[Word] = []
    for before, word in zip([None, *found], found, strict=False):
        if word.text == "-":
            continue
        signed = before is not None and before.text == "-" and not word.text.startswith("-")
        attached.append(word._replace(text="-" + word.text, start=before.start) if before and signed else word)
    return attached


def normalise(text: str) -> str:
    """The normalised text; a text without words or digits ("?") is only stripped and case-folded.

    >>> normalise(" The Twenty-one  cats! ")
    '21 cats'
    """
    said = _normalise_once(text)
    for _ in range(MAX_PASSES):  # case folding may make letters of what was none ("ﬃ"), and so another word
        again = _normalise_once(said)
        if again == said:
            break
        said = again
    return said


def _normalise_once(text: str) -> str:
    return " ".join(word.text for word in words(text)) or text.strip().casefold()


@lru_cache(maxsize=16384)
def _normalise_token(token: str) -> str:
    """A token in normalised form. Cached, because texts share most of their words."""
    text = unicodedata.normalize("NFC", _LEFT_OUT.sub("", token).replace("−", "-").replace("’", "'").casefold())
    text = _SUBSCRIPT.sub(lambda digits: digits[0].translate(_SUBSCRIPTS), text)
    if text in ("d'", "qu'"):
        return text[:-1]
    text = _NOT_IN_WORDS.sub("", text)
    while text.startswith("ال") and len(text) > 4:  # the Arabic article
        text = text[2:]
    if re.fullmatch(r"-?[\d,]*\.?\d+", text):
        text = _canonical_number("".join(str(unicodedata.decimal(each, each)) for each in text))
    return text


def _canonical_number(text: str) -> str:
    """Without thousands separators and redundant zeros: "1,000.50" → "1000.5", "007" → "7"."""
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("-").replace(",", "").partition(".")
    number = (whole.lstrip("0") or "0") + ("." + fraction.rstrip("0") if fraction.strip("0") else "")
    return number if number == "0" else sign + number


def _join_numbers(found: list[Word]) -> list[Word]:
    """Numbers written as words become digits, up to 999: "twenty", "one" → "21"; "three hundred and five" → "305"."""
    spelled = [at for at, word in enumerate(found) if word.text in _NUMBERS]
    joined: list[Word] = []
    done = 0
    for at in spelled:
        if at < done:
            continue  # part of the number before it
        joined += found[done:at]
        value, used = _parse_number([word.text for word in found[at : at + 5]])
        done = at + used
        joined.append(Word(text=str(value), start=found[at].start, end=found[done - 1].end, spelled=True))
    return joined + found[done:]


def _parse_number(texts: list[str]) -> tuple[int, int]:
    """The number that the words start with and how many words it takes; (0, 0) when they start with none."""
    value, used = _parse_below_hundred(texts)
    if used == 1 and 1 <= value <= 9 and texts[1:2] == ["hundred"]:
        behind = texts[2:]
        skipped = 1 if behind[:1] == ["and"] else 0
        rest, more = _parse_below_hundred(behind[skipped:])
        return (value * 100 + rest, 2 + skipped + more) if more else (value * 100, 2)
    return value, used


def _parse_below_hundred(texts: list[str]) -> tuple[int, int]:
    if not texts or texts[0] not in _NUMBERS:
        return 0, 0
    value = _NUMBERS[texts[0]]
    if value >= 20 and len(texts) > 1 and 1 <= _NUMBERS.get(texts[1], 0) <= 9:
        return value + _NUMBERS[texts[1]], 2
    return value, 1
