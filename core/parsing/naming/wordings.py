"""The words by which each option may be named: its own, those without its label, another gender, another language."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.parsing.labels import without_labels
from core.parsing.naming.quantities import quantity_words
from core.parsing.normalisation import Word, all_words, is_article, words
from core.parsing.vocabulary import everyday, opposites
from core.parsing.vocabulary.numbers import COUNTERS

Form = tuple[str, ...]

_ARTICLES = frozenset(
    ("le", "la", "les", "un", "une", "des", "el", "los", "las", "una", "der", "die", "das", "ein", "eine", "il", "o")
)
_LATIN = re.compile(r"[a-zà-ÿœß]{3,}")
_DEVANAGARI = re.compile("[\u0900-\u097f]{2,}")
_SPELLINGS = (("gray", "grey"), ("color", "colour"), ("center", "centre"), ("meter", "metre"), ("story", "storey"))
# Endings of adjectives and plurals: a word and what it may end in instead.
_ENDINGS = (("o", "a", "os", "as"), ("a", "o", "as", "os"), ("ा", "ी", "े"))
_ADDED = ("s", "es", "e", "er", "en", "em")
_ENDS_IN_A = re.compile(r"\w\s+A\s*$")
_LETTER_A = re.compile(r"A(?!\w)")
_LONG = 3  # words of an option that may have a filler between them


@dataclass(frozen=True, kw_only=True)
class Wordings:
    """Every form with its option, longest first; ``is_numeric`` where numbers count, ``skipped`` the words that may
    stand between those of an option."""

    forms: tuple[tuple[int, Form], ...]
    is_numeric: bool
    skipped: frozenset[str]
    has_letter_a: bool

    def words(self, text: str) -> tuple[Word, ...]:
        """The words of a text to look for the forms in."""
        found = quantity_words(text) if self.is_numeric else _with_letter(text) if self.has_letter_a else words(text)
        return tuple(word for word in found if word.text not in self.skipped) if self.skipped else found


@lru_cache(maxsize=64)
def wordings(options: tuple[str, ...]) -> Wordings:
    """The forms of the options. A form that two options have names none of them, unless it is their own text."""
    is_numeric = any(word.text[-1:].isdigit() for option in options for word in quantity_words(option))
    has_letter_a = not is_numeric and any(_ENDS_IN_A.search(option) for option in options)
    read = quantity_words if is_numeric else _with_letter if has_letter_a else words
    own = [tuple(word.text for word in read(option)) for option in options]
    bare = _without_articles([tuple(word.text for word in read(option)) for option in without_labels(options)])
    bare = _without_counters(bare) if is_numeric else bare
    forms = {(at, form): None for at, form in enumerate(own) if form and (form[0] not in _ARTICLES or bare[at] == form)}
    others = [(at, form) for at, form in enumerate(bare)]
    others += [(at, form) for at, form in enumerate(bare) for form in _other_forms(form)]
    owners = Counter(form for _, form in dict.fromkeys(others))
    taken = {form for _, form in forms}
    forms |= {(at, form): None for at, form in others if form and form not in taken and owners[form] == 1}
    used = {word for _, form in forms for word in form}
    is_long = any(len(form) >= _LONG for _, form in forms)
    ordered = sorted(forms, key=lambda pair: -len(pair[1]))
    skipped = everyday.FILLERS - used if is_long else frozenset()
    return Wordings(forms=tuple(ordered), is_numeric=is_numeric, skipped=skipped, has_letter_a=has_letter_a)


def _with_letter(text: str) -> tuple[Word, ...]:
    """The words without articles, but with the letter of "Line A"."""
    return tuple(
        word
        for word in all_words(text)
        if not is_article(word) or (_LETTER_A.match(text, word.start) and text[: word.start].rstrip()[-1:].isalnum())
    )


def _without_articles(forms: list[Form]) -> list[Form]:
    """Without the article of each option where all of them have one ("le chat", "la vache")."""
    if forms and all(len(form) > 1 and form[0] in _ARTICLES for form in forms):
        return [form[1:] for form in forms]
    return forms


def _without_counters(forms: list[Form]) -> list[Form]:
    """Only the numbers where the options are numbers with one counter ("三只", "四只")."""
    behind = {form[1:] for form in forms}
    is_counted = len(behind) == 1 and all(
        len(form) == 2 and form[0].isdigit() and form[1] in COUNTERS for form in forms
    )
    return [form[:1] for form in forms] if is_counted else forms


def _other_forms(form: Form) -> Iterator[Form]:
    """The form in another spelling, gender, number or language."""
    for one, other in _SPELLINGS:
        for old, new in ((one, other), (other, one)):
            if old in form:
                yield tuple(new if word == old else word for word in form)
    yield from _meanings().get(form, ())
    if len(form) == 1:
        yield from ((word,) for word in _inflected(form[0]))


def _inflected(word: str) -> Iterator[str]:
    if _LATIN.fullmatch(word) or _DEVANAGARI.fullmatch(word):
        for ending, *others in _ENDINGS:
            if word.endswith(ending):
                yield from (word.removesuffix(ending) + other for other in others)
    if _LATIN.fullmatch(word):
        yield from (word + ending for ending in _ADDED)


@lru_cache(maxsize=1)
def _meanings() -> dict[Form, tuple[Form, ...]]:
    """The other forms of each everyday answer."""
    found: dict[Form, tuple[Form, ...]] = {}
    for row in (*opposites.ROWS, *everyday.ROWS):
        forms = tuple(dict.fromkeys(tuple(word.text for word in words(each)) for each in row))
        for form in forms:
            found[form] = found.get(form, ()) + tuple(each for each in forms if each != form)
    return found
