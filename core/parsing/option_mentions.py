"""Find the options that a text names, by letter, by their own text or by distinctive words, and those that it denies
("not a cat", "B can be ruled out")."""

import re
from collections import Counter
from functools import lru_cache

from core.parsing import languages
from core.parsing.comparison.equality import same_answer, written_form
from core.parsing.labels import LABEL, Mention, find_letters, index_of, letter_index, named_by_letter
from core.parsing.naming.clock import find_times
from core.parsing.naming.lettered import find_lettered
from core.parsing.naming.places import find_places, named_by_place
from core.parsing.naming.wordings import wordings
from core.parsing.normalisation import Word, words
from core.parsing.vocabulary import opposites

_LETTERS_ONLY = re.compile(
    r"(?:either |both )?\(?[A-Za-z]\)?"
    r"(?:\s*(?:,|/|&|、|\b(?:and|or|und|oder|et|ou|y|o|e)\b|[或和とや]|還是|还是|أو|या|और)+"
    r"\s*\(?[A-Za-z]\)?)+",
    re.I,
)
_NEGATION = re.compile(
    r"(?:\b(?:not(?! only\b)|no(?! (?:doubt|question)\b)|never|cannot|neither|nor|without(?! (?:a "
    r"|any )?doubt\b)|unlike|excludes?"
    r"|eliminates?)|n['’]t"
    r"|\b(?:rather|other|more|less|greater|fewer|larger|smaller|bigger|higher|lower) than|\binstead of"
    rf"|\bcompared (?:with|to))(?:\W+\w+){{0,3}}\W*$|{languages.NEGATION}",
    re.IGNORECASE,
)
_WRONG = (
    r"(?:\bincorrect|\bwrong|\bfalse|\bruled out|\beliminated|\bexcluded|\bimpossible|\bunlikely|\binconsistent"
    r"|[❌✗✘]"
    r"|\b(?:not|n['’]t|isn['’]t)\s+(?:the\s+|an?\s+)?(?:correct|right|best|answer|possible|likely|match\w*"
    r"|supported)\b"
    r"|\b(?:(?:do|does|can|would) ?not|(?:do|does|ca|would)n['’]t)\s+(?:match|fit|apply|satisfy|be|work|have)"
    rf"|{languages.WRONG})"
)
WRONG = re.compile(_WRONG, re.IGNORECASE)
_DENIED_AFTER = re.compile(
    rf"[\s*_`\"”:)\]–—-]*(?:(?:\w+\s+){{0,3}}?{_WRONG}|(?:is|are|was|were)(?: not|n['’]t)\b)", re.IGNORECASE
)
_CLAUSE_END = re.compile(r"[.,;!?\n。、।]|\b(?:but|so|because|since|while|whereas)\b", re.IGNORECASE)
_JOINED = re.compile(
    r"[\W_]*(?:(?:(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e)\b|[和或与、とや]|و|और|या)[\W_]*)?(?:(?:the|an?"
    r"|options?|choices?)\b[\W_]*)*",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 80
_SIGNS = frozenset("√∛±¬") | {"-√"}
_OPERATORS = frozenset("+×÷/^∩∪√∛±¬")
_HAN = re.compile("[\u3400-\u9fff]")
_BEFORE_WORD = frozenset(
    "是只头頭条條个個匹为為选選叫作成像和或与與及这那该种種张張的了名类類若如非对對有看见見到指向即属屬"
)
_BEHIND_WORD = frozenset("的和或还還都是不而也很有在会會被则吗呢与與及")


def exact_matches(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that equal the value; of several, the ones that are also written like it ("Dear Ann," and "Dear
    ann,", "0.5" and "1/2")."""
    same = {at for at, option in enumerate(options) if same_answer(value, option)}
    for keep_case in (True, False) if len(same) > 1 else ():
        form = written_form(value, keep_case=keep_case)
        written = {at for at in same if written_form(options[at], keep_case=keep_case) == form}
        if written:
            return written
    return same


def options_in_short(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that a short statement names: exactly, by letter, or by their text inside it.

    Where an option is itself a letter, "(A)" and "option A" are labels; a bare "A" is both, its label and its text.
    """
    if alone := named_alone(value, options):
        return alone
    if _LETTERS_ONLY.fullmatch(value.strip(" .")):
        listed = {index_of(letter, options) for letter in re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", value)}
        return {at for at in listed if at < len(options)}
    label = LABEL.match(value) or re.match(r"([B-HJ-Z])()\s+(?=\w)", value)
    if label and (index := letter_index(label, options)) < len(options):
        rest = value[label.end() :]
        first = words(rest)[:1]
        follows = {each.option for each in _by_text(rest, options) if first and each.start == first[0].start}
        return {index} | (
            follows or {each.option for each in find_letters(rest, options) if not _is_denied(rest, each)}
        )
    if place := named_by_place(value, options):
        return place
    for found in (
        _by_text(value, options) + find_times(value, options),
        find_letters(value, options) + find_places(value, options),
    ):
        if held := {each.option for each in found if not _is_denied(value, each)}:
            return held
    return set()


def named_alone(value: str, options: tuple[str, ...]) -> set[int]:
    """The options that a text names which is nothing but their text, or a label where options are letters."""
    return named_by_letter(value, options) or exact_matches(value, options)


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
    by_text = _by_text(text, options, prose=True) + find_times(text, options)
    by_label = find_letters(text, options) + find_places(text, options) + find_lettered(text, options)
    return tuple(sorted(by_text + by_label, key=lambda each: (each.start, each.end)))


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


def _by_text(text: str, options: tuple[str, ...], *, prose: bool = False) -> list[Mention]:
    """Each option's text in the text; a longer option hides a shorter one inside it."""
    known = wordings(options)
    found = known.words(text)
    texts = tuple(word.text for word in found)
    taken: dict[int, tuple[int, int]] = {}
    named: list[Mention] = []
    begin = _positions(texts, {form[0] for _, form in known.forms})
    for at, form in known.forms:
        size = len(form)
        for first in begin[form[0]]:
            place = (first, size)
            if texts[first : first + size] != form or any(
                taken.get(each, place) != place for each in range(first, first + size)
            ):
                continue
            if prose and size == 1 and _is_small_word(found[first], text):
                continue
            if _is_part_of_formula(found, first, size, prose=prose):
                continue
            taken.update(dict.fromkeys(range(first, first + size), place))
            named.append(Mention(option=at, start=found[first].start, end=found[first + size - 1].end))
    return _told_apart(named, text, options)


def _told_apart(named: list[Mention], text: str, options: tuple[str, ...]) -> list[Mention]:
    """Of options with the same words at one place, those that are written like the text: "[0, 1)" and "(0, 1)"."""
    counts = Counter((each.start, each.end) for each in named)
    if len(counts) == len(named):
        return named
    kept = []
    for each in named:
        around = written_form(text[max(0, each.start - 3) : each.end + 3])
        rivals = [other.option for other in named if (other.start, other.end) == (each.start, each.end)]
        written = [at for at in rivals if written_form(options[at]) in around]
        if len(rivals) == 1 or not written or each.option in written:
            kept.append(each)
    return kept


def _is_part_of_formula(found: tuple[Word, ...], first: int, size: int, *, prose: bool) -> bool:
    """Whether a sign stands right before the words ("-sin x", "√3"), or, in a short statement, an operator beside
    them."""
    before, behind = found[first - 1 : first] if first else (), found[first + size : first + size + 1]
    if before and before[0].text in _SIGNS and before[0].end == found[first].start:
        return True
    return not prose and any(word.text in _OPERATORS for word in (*before, *behind))


def _positions(texts: tuple[str, ...], wanted: set[str]) -> dict[str, list[int]]:
    """The positions of each of the wanted words, in order."""
    found: dict[str, list[int]] = {word: [] for word in wanted}
    for place, word in enumerate(texts):
        if word in wanted:
            found[word].append(place)
    return found


def _is_small_word(word: Word, text: str) -> bool:
    behind = text[word.end : word.end + 2].strip().lstrip("-‐")  # "no-parking sign"
    if len(word.text) == 1 and _HAN.match(word.text) and not _stands_alone(word, text):
        return True
    return (
        (word.spelled and word.text == "1")
        or (word.text in _yes_and_no() and behind[:1].isalpha())
        or (len(word.text) == 1 and word.text.isascii() and word.text.isalpha())
    )


@lru_cache(maxsize=1)
def _yes_and_no() -> frozenset[str]:
    """Yes and no in every language: before another word, most of them only deny it or add to it."""
    return frozenset(word.text for row in opposites.ROWS[:2] for each in row if each != "yes" for word in words(each))


def _stands_alone(word: Word, text: str) -> bool:
    """Whether one Chinese character is a word here: not 牛 in 蜗牛 or 牛奶."""
    before, behind = text[max(0, word.start - 1) : word.start], text[word.end : word.end + 1]
    fits = not _HAN.match(before) or before in _BEFORE_WORD
    return fits and (not _HAN.match(behind) or behind in _BEHIND_WORD)


def _is_denied(text: str, mention: Mention) -> bool:
    before = re.split(
        r"[.,;。、]|\b(?:but|sondern|mais|sino|mas)\b|而是|بل",
        text[max(0, mention.start - _CONTEXT_CHARS) : mention.start],
    )[-1]
    return bool(_NEGATION.search(before))


def _is_denied_after(behind: str) -> bool:
    end = _CLAUSE_END.search(behind)
    return bool(_DENIED_AFTER.match(behind[: end.start() if end else _CONTEXT_CHARS]))
