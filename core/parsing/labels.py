"""Find options that are named by their letter: "(B)", "option B", "so B", "选B"."""

import re
from dataclasses import dataclass
from functools import lru_cache

from core.parsing import languages

LABEL = re.compile(
    rf"(?:(?:the\s+|la\s+|l['’]|die\s+)?(?:option|choice|letter|{languages.LABEL_WORDS})\s*)?"
    r"(?:[(\[{<]([A-Za-z])[)\]}>]|([A-Za-z])(?=\s*$"
    r"|\s*[).:,;!–—]|\s+-))\)?",
    re.I,
)
_LETTER = re.compile(
    r"(?<!\w)[(\[{<]([A-Za-z])[)\]}>]"
    r"|(?i:\b(?:options?|choices?)|选项)\s*[*_`\"']*\(?(?:([A-Z])(?![\w'’])|([a-z])(?=[.,;:)*]|\s*$|\s+(?:is"
    r"|and|or)\b))"
    rf"|(?:{languages.LABEL_WORDS}|[选選](?:择|擇)?)[\s*_:(「“\"]{{0,4}}([A-Z])(?![\w'’])|(?:选项?|選項?|选择"
    rf"|選擇)\s?([A-Z])(?![A-Za-z])"
    rf"|(?<![A-Za-z0-9])([A-Z])(?=\s?(?:{languages.LABELLED_BEHIND}))"
    r"|(?<![A-Za-z0-9_À-ɏ'’.])([A-Z])(?=[)*_`\"”]*(?:\s*(?:[,;:&/(–—。、]|\.(?!\w)|$)|\s+(?:and|or|nor|或|because|since|instead"
    r"|(?:is|are|was|were|can|cannot|could|must|should|does|do|seems?|fits?|match(?:es)?)(?:n['’]t)?"
    r"|can['’]t)(?!\w)))",
    re.MULTILINE,
)
# What may stand before a bare capital for it to name an option: "so B" does, "vitamin B" and "Point B" do not.
_BEFORE_LETTER = re.compile(
    r"(?:^|[.!?:;,\n>({\[\"'“*_`=→/&–—或-]|\b(?:so|thus|therefore|hence|then|and|or|nor|not|be|is|are|leaves?|leaving"
    r"|choose|chose|pick|select|go|with|for|than|either|both|neither|only|but|to|likely|probably|answer"
    r"|ist|est|es|é|è|sondern|sino|donc|also|bleibt|reste|queda|resta|что|mais|mas|ma|بل)|बल्कि|[是为為即非选選])"
    r"[\s*_`\"'(]*$",
    re.IGNORECASE,
)
_ONLY_LABEL = re.compile(
    r"(?:the\s+)?(?:(?:option|choice|选项)\s*[(\[]?([A-Za-z])[)\]]?|(?:letter\s+)?[(\[{]([A-Za-z])[)\]}]|([A-Za-z]))",
    re.IGNORECASE,
)
# A label in an option's own text.
_OWN_LABEL = re.compile(
    rf"\s*(?:(?:option|choice|{languages.LABEL_WORDS})\s*)?[(\[]?([A-Za-z]|[1-9])"
    r"(?:[)\]]?[.:、．：]\s*(?=[^\W\d]|\s\S)|[)\]]\s*|\s*[-–—]\s+)(?=\S)",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 80


@dataclass(frozen=True, kw_only=True)
class Mention:
    """An option named at ``start`` … ``end`` of a text, by letter or by its own words."""

    option: int
    start: int
    end: int


def find_letters(text: str, options: tuple[str, ...]) -> list[Mention]:
    """Every option named by a letter that can only be its label."""
    found = []
    for match in _LETTER.finditer(text):
        bare = match[7] is not None
        if bare and not _BEFORE_LETTER.search(text[max(0, match.start() - _CONTEXT_CHARS) : match.start()]):
            continue
        index = letter_index(match, options)
        if index < len(options):
            found.append(Mention(option=index, start=match.start(), end=match.end()))
            if bare and (other := lettered_options(options).get(match[7], index)) != index:
                found.append(Mention(option=other, start=match.start(), end=match.end()))
    return found


def named_by_letter(value: str, options: tuple[str, ...]) -> set[int]:
    """What a statement of one letter names where options are letters themselves; {} where none is."""
    texts = lettered_options(options)
    label = LABEL.match(value) if texts else None
    if (
        label
        and (at := letter_index(label, options)) < len(options)
        and _same_letters(value[label.end() :], options[at])
    ):
        return {at}  # "(D) A"
    letter = _ONLY_LABEL.fullmatch(value.strip(" ."))
    if not letter or not texts:
        return set()
    at = letter_index(letter, options)
    if at >= len(options):
        return set()
    return {at} if letter[1] or letter[2] else {at, texts.get(letter[3].upper(), at)}


@lru_cache(maxsize=64)
def lettered_options(options: tuple[str, ...]) -> dict[str, int]:
    """The options that are a label's letter themselves, by letter, unless each has its own label."""
    labels = [chr(ord("A") + at) for at in range(len(options))]
    found = {option.upper(): at for at, option in enumerate(options) if option.upper() in labels}
    return found if any(labels[at] != letter for letter, at in found.items()) else {}


def _same_letters(one: str, other: str) -> bool:
    return one.strip(" .:*").casefold() == other.casefold()


def letter_index(label: re.Match[str], options: tuple[str, ...]) -> int:
    """The index (from 0) of the option that a letter names; the letter is the only group that matched."""
    return index_of(next(group for group in label.groups() if group), options)


def index_of(letter: str, options: tuple[str, ...]) -> int:
    """The index (from 0) of the option with that letter, its own ("B. dog") or that of its place."""
    return own_places(options).get(letter.upper(), ord(letter.upper()) - ord("A"))


@lru_cache(maxsize=64)
def own_places(options: tuple[str, ...]) -> dict[str, int]:
    """The options by the label in their own text ("A. north", "Option 1: north"), if all of them have one in turn."""
    labels = [label[1].upper() if (label := _OWN_LABEL.match(option)) else "" for option in options]
    known = {chr(ord("A") + at) for at in range(len(options))}, {str(at + 1) for at in range(len(options))}
    return {label: at for at, label in enumerate(labels)} if len(labels) > 1 and set(labels) in known else {}


@lru_cache(maxsize=64)
def without_labels(options: tuple[str, ...]) -> tuple[str, ...]:
    """The options without the labels in their own texts."""
    return tuple(_OWN_LABEL.sub("", option) for option in options) if own_places(options) else options
