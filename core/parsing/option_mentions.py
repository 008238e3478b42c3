"""Find the options that a text names, by letter, by their own text or by distinctive words, and those that it denies
("not a cat", "B can be ruled out")."""

import re
from dataclasses import dataclass
from functools import lru_cache

from core.parsing.normalisation import Word, normalise, words

LABEL = re.compile(
    r"(?:(?:the\s+)?(?:option|choice|letter|选项)\s*)?(?:[(\[{<]([A-Za-z])[)\]}>]|([A-Za-z])(?=\s*$|\s*[).:,;!–—]|\s+-))\)?",
    re.I,
)
_LETTER = re.compile(
    r"(?<!\w)[(\[{<]([A-Za-z])[)\]}>]"
    r"|(?i:\b(?:options?|choices?)|选项)\s*[*_`\"']*\(?(?:([A-Z])(?![\w'’])|([a-z])(?=[.,;:)*]|\s*$|\s+(?:is|and|or)\b))"
    r"|(?<![\w'’.])([A-Z])(?=[)*_`\"”]*(?:\s*(?:[,;:&/(–—]|\.(?!\w)|$)|\s+(?:and|or|nor|或|because|since|instead"
    r"|(?:is|are|was|were|can|cannot|could|must|should|does|do|seems?|fits?|match(?:es)?)(?:n['’]t)?|can['’]t)(?!\w)))",
    re.MULTILINE,
)
# What may stand before a bare capital for it to name an option: "so B" does, "vitamin B" and "Point B" do not.
_BEFORE_LETTER = re.compile(
    r"(?:^|[.!?:;,\n>({\[\"'“*_`=→/&–—或-]|\b(?:so|thus|therefore|hence|then|and|or|nor|not|be|is|are|leaves?|leaving"
    r"|choose|chose|pick|select|go|with|for|than|either|both|neither|only|but|to|likely|probably|answer))"
    r"[\s*_`\"'(]*$",
    re.IGNORECASE,
)
_LETTERS_ONLY = re.compile(
    r"(?:either |both )?\(?[A-Za-z]\)?(?:\s*(?:,|/|&|\band\b|\bor\b|或|和)+\s*\(?[A-Za-z]\)?)+", re.I
)
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|cannot|neither|nor|without|unlike|excludes?|eliminates?)|n['’]t"
    r"|\b(?:rather|other|more|less|greater|fewer|larger|smaller|bigger|higher|lower) than|\binstead of"
    r"|\bcompared (?:with|to))(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
_WRONG = (
    r"(?:\bincorrect|\bwrong|\bfalse|\bruled out|\beliminated|\bexcluded|\bimpossible|\bunlikely|\binconsistent|[❌✗✘]"
    r"|\b(?:not|n['’]t|isn['’]t)\s+(?:the\s+|an?\s+)?(?:correct|right|best|answer|possible|likely|match\w*|supported)\b"
    r"|\b(?:(?:do|does|can|would) ?not|(?:do|does|ca|would)n['’]t)\s+(?:match|fit|apply|satisfy|be|work|have))"
)
WRONG = re.compile(_WRONG, re.IGNORECASE)
_DENIED_AFTER = re.compile(
    rf"[\s*_`\"”:)\]–—-]*(?:(?:\w+\s+){{0,3}}?{_WRONG}|(?:is|are|was|were)(?: not|n['’]t)\b)", re.IGNORECASE
)
_CLAUSE_END = re.compile(r"[.,;!?\n]|\b(?:but|so|because|since|while|whereas)\b", re.IGNORECASE)
_JOINED = re.compile(r"[\W_]*(?:(?:and|or|nor)\b[\W_]*)?(?:(?:the|an?|options?|choices?)\b[\W_]*)*", re.IGNORECASE)
_CONTEXT_CHARS = 80


@dataclass(frozen=True, kw_only=True)
class Mention:
    """An option named at ``start`` … ``end`` of a text, by letter or by its own words."""

    option: int
    start: int
    end: int


def exact_matches(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that equal the value after normalisation."""
    return {at for at, option in enumerate(options) if normalise(value) == normalise(option)}


def options_in_short(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that a short statement names: exactly, by letter, or by their text inside it."""
    if exact := exact_matches(value, options):
        return exact
    if _LETTERS_ONLY.fullmatch(value.strip(" .")):
        listed = {_index(letter) for letter in re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", value)}
        return {at for at in listed if at < len(options)}
    label = LABEL.match(value) or re.match(r"([B-HJ-Z])()\s+(?=\w)", value)
    if label and (index := letter_index(label)) < len(options):
        rest = value[label.end() :]
        first = words(rest)[:1]
        follows = {each.option for each in _by_text(rest, options) if first and each.start == first[0].start}
        return {index} | (follows or {each.option for each in _by_letter(rest, options) if not _is_denied(rest, each)})
    for found in (_by_text(value, options), _by_letter(value, options)):
        if held := {each.option for each in found if not _is_denied(value, each)}:
            return held
    return set()


def distinctive_matches(value: str, options: tuple[str, ...]) -> set[int]:
    """The options of which the value holds all words that no other option has, and no word that the option lacks.

    >>> distinctive_matches("the bus", ("The truck is newest.", "The bus is newest."))
    {1}
    """
    value_words = {word.text for word in words(value)}
    wordings = [{word.text for word in words(option)} for option in options]
    found = set()
    for at, option_words in enumerate(wordings):
        special = option_words.difference(*(other for place, other in enumerate(wordings) if place != at))
        if special and special <= value_words <= option_words and len(options) > 1:
            found.add(at)
    return found


@lru_cache(maxsize=256)
def find_mentions(text: str, options: tuple[str, ...]) -> tuple[Mention, ...]:
    """Every option named in running prose, by text or by an unambiguous letter, in the order of the text.

    In prose a spelled "one" is a pronoun ("the left one"), "no" a determiner, and a lower-case letter a word. Cached,
    because reading one output asks for the same sentence several times.
    """
    by_text = _by_text(text, options, prose=True)
    return tuple(sorted(by_text + _by_letter(text, options), key=lambda each: (each.start, each.end)))


def asserted_options(text: str, options: tuple[str, ...]) -> set[int]:
    """The options that a sentence names and does not deny."""
    found = find_mentions(text, options)
    asserted: set[int] = set()
    denied = False
    for place in reversed(range(len(found))):
        mention, stop = found[place], found[place + 1].start if place + 1 < len(found) else len(text)
        # "A and B are wrong" denies both, "A. cat is wrong" one that is named twice.
        joined = place + 1 < len(found) and _JOINED.fullmatch(text[mention.end : stop])
        denied = denied if joined else _is_denied_after(text[mention.end : stop])
        if not (denied or _is_denied(text, mention)):
            asserted.add(mention.option)
    return asserted


def _by_letter(text: str, options: tuple[str, ...]) -> list[Mention]:
    found = []
    for match in _LETTER.finditer(text):
        bare = match[4] is not None
        if bare and not _BEFORE_LETTER.search(text[max(0, match.start() - _CONTEXT_CHARS) : match.start()]):
            continue
        index = letter_index(match)
        if index < len(options):
            found.append(Mention(option=index, start=match.start(), end=match.end()))
    return found


def _by_text(text: str, options: tuple[str, ...], *, prose: bool = False) -> list[Mention]:
    """Each option's text in the text; a longer option hides a shorter one inside it."""
    found = words(text)
    texts = [word.text for word in found]
    taken: set[int] = set()
    named: list[Mention] = []
    wanted = [(at, [word.text for word in words(option)]) for at, option in enumerate(options)]
    begin = _positions(texts, {wording[0] for _, wording in wanted if wording})
    for at, wording in sorted(wanted, key=lambda pair: -len(pair[1])):
        size = len(wording)
        for first in begin[wording[0]] if size else ():
            places = range(first, first + size)
            if texts[first : first + size] == wording and taken.isdisjoint(places):
                if prose and size == 1 and _is_small_word(found[first], text):
                    continue
                taken.update(places)
                named.append(Mention(option=at, start=found[first].start, end=found[first + size - 1].end))
    return named


def _positions(texts: list[str], wanted: set[str]) -> dict[str, list[int]]:
    """The positions of each of the wanted words, in order."""
    found: dict[str, list[int]] = {word: [] for word in wanted}
    for place, word in enumerate(texts):
        if word in wanted:
            found[word].append(place)
    return found


def _is_small_word(word: Word, text: str) -> bool:
    behind = text[word.end : word.end + 2].strip()
    return (
        (word.spelled and word.text == "1")
        or (word.text == "no" and behind[:1].isalpha())
        or (len(word.text) == 1 and word.text.isascii() and word.text.isalpha())
    )


def _is_denied(text: str, mention: Mention) -> bool:
    before = re.split(r"[.,;]|\bbut\b", text[max(0, mention.start - _CONTEXT_CHARS) : mention.start])[-1]
    return bool(_NEGATION.search(before))


def _is_denied_after(behind: str) -> bool:
    end = _CLAUSE_END.search(behind)
    return bool(_DENIED_AFTER.match(behind[: end.start() if end else _CONTEXT_CHARS]))


def letter_index(label: re.Match[str]) -> int:
    """The index (from 0) of the option that a letter names; the letter is the only group that matched."""
    return _index(next(group for group in label.groups() if group))


def _index(letter: str) -> int:
    return ord(letter.upper()) - ord("A")
