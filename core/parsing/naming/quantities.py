"""Words with every number as digits and every unit as its symbol: "cinq centimètres", "三只", "minus five"."""

import re
from functools import lru_cache

from core.parsing.naming.language import language_of
from core.parsing.normalisation import Word, words
from core.parsing.vocabulary.numbers import (
    AMBIGUOUS,
    AND,
    COUNTED,
    EAST_DIGITS,
    EAST_UNITS,
    MINUS,
    OTHER_FORMS,
    PARTS,
    SMALL,
    TENS,
    UNITS,
)

_HAN = re.compile("[\u3400-\u9fff]")
_LONGEST = 4  # words of a number: "quatre vingt dix neuf"


@lru_cache(maxsize=64)
def quantity_words(text: str) -> tuple[Word, ...]:
    """The words of a text as ``normalisation`` finds them, numbers and units in one form."""
    found = _with_minus(_with_numbers(words(text), text))
    joined: list[Word] = []
    at = 0
    while at < len(found):
        word, used = found[at], 1
        if joined and joined[-1].text[-1:].isdigit():
            if word.text == "分" and [each.text for each in found[at + 1 : at + 2]] == ["之"] and at + 2 < len(found):
                above = found[at + 2]  # "四分之三": of four parts three
                joined[-1:] = [above, word._replace(text="/"), joined[-1]]
                joined[-3] = above._replace(start=joined[-1].start)
                joined[-1] = joined[-1]._replace(end=above.end)
                at += 3
                continue
            parts = _parts().get(word.text)
            if parts and (len(joined) < 2 or joined[-2].text != "/"):
                joined.append(word._replace(text="/"))
                word = word._replace(text=str(parts), spelled=True)
            elif symbol := _unit(found, at):
                used = symbol[1]
                word = Word(text=symbol[0], start=word.start, end=found[at + used - 1].end)
        joined.append(word)
        at += used
    return tuple(joined)


def _unit(found: list[Word], at: int) -> tuple[str, int] | None:
    """The symbol of the unit at a place and how many words it takes: in Chinese each character is one."""
    for size in (2, 1):
        form = "".join(each.text for each in found[at : at + size])
        if at + size <= len(found) and (size == 1 or not form.isascii()) and (symbol := _units().get(form)):
            return symbol, size
    return None


def _with_numbers(found: tuple[Word, ...], text: str) -> list[Word]:
    """Number words as digits, the longest first."""
    table, language = _table(), ""
    joined: list[Word] = []
    at = 0
    while at < len(found):
        word = found[at]
        if word.text in EAST_DIGITS or word.text in EAST_UNITS:
            used, value = _east_number(found, at)
        else:
            used, value = 0, -1
            for size in range(min(_LONGEST, len(found) - at), 0, -1) if word.text in table else ():
                phrase = " ".join(each.text for each in found[at : at + size])
                if phrase in table[word.text]:
                    used, value = size, table[word.text][phrase]
                    break
            if used == 1 and word.text in AMBIGUOUS:
                language = language or language_of(text) or "?"
                used = used if word.text in _known(language) else 0
        if used:
            joined.append(Word(text=str(value), start=word.start, end=found[at + used - 1].end, spelled=True))
        else:
            joined.append(word)
        at += used or 1
    return joined


def _with_minus(found: list[Word]) -> list[Word]:
    joined: list[Word] = []
    for word in found:
        if joined and joined[-1].text in MINUS and word.text[:1].isdigit():
            joined[-1] = word._replace(text="-" + word.text, start=joined[-1].start)
        else:
            joined.append(word)
    return joined


def _east_number(found: tuple[Word, ...], at: int) -> tuple[int, int]:
    """How many characters a Chinese numeral takes, and its value; (0, -1) where it is part of another word."""
    total, digit, end = 0, -1, at
    while end < len(found) and (end == at or found[end].start == found[end - 1].end):
        each = found[end].text
        if each in EAST_DIGITS and digit < 0:
            digit = EAST_DIGITS[each]
        elif each in EAST_UNITS:
            total, digit = total + (digit if digit >= 0 else 1) * EAST_UNITS[each], -1
        else:
            break
        end += 1
    behind = found[end].text if end < len(found) else ""
    if (at and found[at - 1].text == "第") or behind in EAST_DIGITS:
        return 0, -1
    if _HAN.match(behind) and found[end].start == found[end - 1].end and behind not in COUNTED:
        return 0, -1  # "三角形"
    return end - at, total + max(digit, 0)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, int]]:
    """Every number up to 100 in every language, as the phrase that ``words`` makes of it, by its first word."""
    table: dict[str, dict[str, int]] = {}
    for code in SMALL:
        for phrase, value in _numbers(code).items():
            form = " ".join(word.text for word in words(phrase))
            table.setdefault(form.split(" ", maxsplit=1)[0], {})[form] = value
    return table


@lru_cache(maxsize=16)
def _known(code: str) -> frozenset[str]:
    """The single number words of a language."""
    return (
        frozenset(" ".join(word.text for word in words(phrase)) for phrase in _numbers(code))
        if code in SMALL
        else frozenset()
    )


def _numbers(code: str) -> dict[str, int]:
    numbers = {word: at for at, word in enumerate(SMALL[code].split())} | OTHER_FORMS.get(code, {})
    tens = {word: 30 + 10 * at for at, word in enumerate(TENS[code].split())}
    numbers |= tens
    below = {word: value for word, value in numbers.items() if 1 <= value <= (19 if code == "fr" else 9)}
    for word, value in [*tens.items(), (SMALL[code].split()[-1], 20)]:
        for unit, add in below.items():
            if value < 100 and code == "de":
                numbers[("ein" if add == 1 else unit) + "und" + word] = value + add
            elif value < 100 and code not in ("ar", "hi"):
                numbers[f"{word} {unit}"] = value + add
                for joiner in AND.get(code, ()):
                    numbers[f"{word} {joiner} {unit}"] = value + add
            elif value < 100 and code == "ar":
                numbers[f"{unit} و{word}"] = value + add
    return numbers


@lru_cache(maxsize=1)
def _units() -> dict[str, str]:
    return {form: symbol for symbol, forms in UNITS.items() for form in [*forms.split(), symbol]}


@lru_cache(maxsize=1)
def _parts() -> dict[str, int]:
    return {form: parts for parts, forms in PARTS.items() for form in forms.split()}
