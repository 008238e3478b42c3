"""Find the option in a text where the options are letters themselves: "the part labelled c", "Brand C", "**B** 台"."""

import re
from functools import lru_cache

from core.parsing.labels import Mention, lettered_options

_LETTER = re.compile(
    r"(?<![\w'’.\\-])(?P<open>[*_(\[「『“\"'‘]{0,4})(?P<letter>[A-Za-z])(?P<close>[*_)\]」』”\"'’]{0,4})(?![A-Za-z0-9_'’^=+/-])"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff])(?P<east>[A-Z])(?![A-Za-z0-9])"
)
# Letters that are words of their own, in the languages that share the alphabet.
_WORDS = frozenset("AIEOUYaeiouy")
_NAMED_BEFORE = re.compile(
    r"\b(?:label(?:l?ed)?|marked|called|named|brand|candidate?|building|point|line|part|figure|figura|object|objekt|item"
    r"|bezeichnet|markiert|punkt|linie|teil|gebäude|marke|person|group|region|area|box|letter|buchstabe|candidat|bâtiment"
    r"|étiquet[ée]+|marque|ligne|partie|objet|lettre|edificio|edifício|marca|punto|ponto|línea|linha|parte|letra|objeto"
    r"|option|choice|mit|als|with|as|ist|is|est|es|é)\W*$",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def letters_of(options: tuple[str, ...]) -> dict[str, int]:
    """The options by letter where each is one letter and none stands at the place of another."""
    letters = {option.strip().upper(): at for at, option in enumerate(options)}
    is_lettered = len(letters) == len(options) and all(len(each) == 1 and "A" <= each <= "Z" for each in letters)
    return letters if is_lettered and not lettered_options(options) else {}


def find_lettered(text: str, options: tuple[str, ...]) -> list[Mention]:
    """Every option that is a letter and stands for itself in the text."""
    letters = letters_of(options)
    if not letters:
        return []
    is_small = options[0].strip().islower()
    found = []
    for match in _LETTER.finditer(text):
        letter = match["letter"] or match["east"]
        at = letters.get(letter.upper())
        if at is None or (letter.islower() and not is_small):
            continue
        if match["east"] or _stands_for_itself(text, match, letter):
            found.append(Mention(option=at, start=match.start(), end=match.end()))
    return found


def _stands_for_itself(text: str, match: re.Match[str], letter: str) -> bool:
    """Whether the letter is set off, or no word: not the article of "A bola", the pronoun of "I see"."""
    if match["open"] and match["close"]:
        return True
    if letter not in _WORDS and letter.isupper():
        return True
    behind = text[match.end() : match.end() + 2].strip()
    before = text[max(0, match.start() - 40) : match.start()]
    named = bool(_NAMED_BEFORE.search(before))
    if letter not in _WORDS:
        return named
    if not behind or not behind[0].isalpha():
        return named or (letter.isupper() and bool(before.strip()))
    return named and letter.isupper() and letter != "I"
