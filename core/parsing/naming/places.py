"""Find options that are named by their place: "the third choice", "Option 2", "第2个选项", "(ख)"."""

import re
from functools import lru_cache

from core.parsing.labels import Mention, own_places
from core.parsing.normalisation import words
from core.parsing.vocabulary.places import (
    ARABIC_NOUNS,
    EAST_DIGITS,
    EAST_NOUNS,
    EAST_NUMBERED,
    LAST,
    LETTER_ROWS,
    NOUNS,
    ORDINALS,
)

_LETTERS = "".join(sorted(set("".join(LETTER_ROWS))))
_ORDINAL = "|".join((*ORDINALS, LAST))
_AND = r"(?:\s*(?:,|/|&|\b(?:and|or|und|oder|et|ou|y|o|e|или|и)\b|और|या|أو|و))+\s*(?:(?:the|la|die|der)\s+)?"
_NUMBER = rf"[1-8१-८١-٨](?![\w%°]|[.,:]\d)|[{_LETTERS}](?!\w)"
_PLACES = re.compile(
    rf"(?<!\w)(?P<ordinals>(?:{_ORDINAL})(?:{_AND}(?:{_ORDINAL}))*)\s+(?:{NOUNS})(?!\w)"
    rf"|(?<!\w)(?:{NOUNS}|{ARABIC_NOUNS}|{EAST_NUMBERED})\s*(?:(?:number|no\.|nr\.|nummer|n[º°]|num[ée]ro|número|#)\s*)?"
    rf"[*_(\[「]{{0,3}}(?P<numbers>(?:{_NUMBER})(?:[)\]*_]*{_AND}(?:{_NUMBER}))*)"
    rf"|(?<!\w){ARABIC_NOUNS}\s+(?P<behind>{_ORDINAL})(?!\w)"
    rf"|(?:第\s*(?P<east>[1-8{EAST_DIGITS}])\s*(?:个|個|番目の|の)?|(?P<ban>[1-8{EAST_DIGITS}])\s*(?:番目?|つ目|번째?)\s*(?:の|的)?)"
    rf"\s*(?:{EAST_NOUNS})"
    rf"|(?P<right>[1-8])番目?(?=が(?:正解|正し|答|適|当てはま))|[选選](?:择|擇)?\s*(?P<chosen>[甲乙丙丁戊①②③④⑤])(?!\w)"
    rf"|[(\[「『【]\s*(?P<letter>[{_LETTERS}])\s*[)\]」』】]",
    re.IGNORECASE,
)
# Cheap check: every match of the above holds one of these.
_HOLDS = re.compile(rf"{NOUNS}|خيار|جابة|جواب|{EAST_NOUNS}|番目?が|[选選]|[(\[「『【]\s*[{_LETTERS}]", re.IGNORECASE)
_ALONE = re.compile(
    rf"(?:(?:the|la|le|l['’]|el|o|a|die|der|das|il)\s*)?(?P<ordinal>{_ORDINAL})(?:\s+(?:one|ist|est))?"
    rf"|[(\[「『【]?\s*(?P<letter>[{_LETTERS}])\s*[)\]」』】.]?"
    rf"|第\s*(?P<east>[1-8{EAST_DIGITS}])\s*(?:个|個|项|項|番|種|种)?|(?P<ban>[1-8])\s*(?:番目?|번)",
    re.IGNORECASE,
)
_EACH = re.compile(rf"(?P<ordinal>{_ORDINAL})|(?P<number>[1-8१-८١-٨{EAST_DIGITS}{_LETTERS}])", re.IGNORECASE)


def find_places(text: str, options: tuple[str, ...]) -> list[Mention]:
    """Every option named by an ordinal, a number or another script's letter beside a word for an option."""
    if not _HOLDS.search(text):
        return []
    found = []
    for match in _PLACES.finditer(text):
        named = next(group for group in match.groups() if group)
        for each in _EACH.finditer(named):
            place = _place(each["number"] or "", each["ordinal"] or "", options)
            if place is not None:
                found.append(Mention(option=place, start=match.start(), end=match.end()))
    return found


def named_by_place(value: str, options: tuple[str, ...]) -> set[int]:
    """What a statement names that is nothing but a place: "the third", "ख", "4番"."""
    alone = _ALONE.fullmatch(value.strip(" .*_"))
    if not alone:
        return set()
    place = _place(alone["letter"] or alone["east"] or alone["ban"] or "", alone["ordinal"] or "", options)
    return set() if place is None else {place}


def _place(number: str, ordinal: str, options: tuple[str, ...]) -> int | None:
    """The option at a place, or None where there is none or the options use this letter themselves."""
    if ordinal:
        place = next(
            (at for at, each in enumerate(ORDINALS) if re.fullmatch(each, ordinal, re.IGNORECASE)), len(options) - 1
        )
        return place if place < len(options) else None
    if number.isdecimal() or number in EAST_DIGITS:
        place = (int(number) if number.isdecimal() else EAST_DIGITS.index(number) + 1) - 1
        return own_places(options).get(str(place + 1), place) if place < len(options) else None
    row = next((row for row in LETTER_ROWS if number in row and row.index(number) < len(options)), "")
    return row.index(number) if row and not set(row) & _own_letters(options) else None


@lru_cache(maxsize=64)
def _own_letters(options: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.text for option in options for word in words(option) if len(word.text) == 1) | frozenset(
        letter for option in options for letter in option if not letter.isalnum() or letter in "①②③④⑤⑥⑦⑧"
    )
