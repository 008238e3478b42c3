"""Tell what the sentences of a reply assert from remarks in brackets, quotations, suppositions and additions.

What is left out is replaced by spaces, so that all offsets stay the same.
"""

import re

from core.parsing.naming.wordings import wordings
from core.parsing.reading import Span
from core.parsing.vocabulary import asides

_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{\s*([^{}\s]{1,12})\s*\}\s*\{\s*([^{}\s]{1,12})\s*\}|(\d)(\d))")
_MARKUP = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}\\]{0,40})\}")
_SIGNS = (
    (re.compile(r"(\d)\{([.,])\}(\d+)"), r"\1\2\3"),
    (re.compile(r"\\(?:left|right|displaystyle)(?![a-z])()"), r"\1"),
)
_REMARK = re.compile(r"[(（]([^()（）\n]{4,300})[)）]|[“「『«]([^“”「」『』«»\n]{4,300})[”」』»]|\"([^\"\n]{4,200})\"")
_LONG_REMARK = 3  # words with letters; a shorter one is a label, a unit, a term, a point
_SUPPOSES = re.compile(rf"(?:{asides.CONDITION})[^.!?\n。]{{0,200}}?(?:{asides.MOOD})", re.IGNORECASE)
_SUPPOSES_LATER = re.compile(
    r"\b(?:would|could) (?:only )?(?:be|have been|give|make)\b[^.!?\n]{0,80}?\bif\b", re.IGNORECASE
)
_BUT = re.compile(r"\b(?:but|aber|mais|pero|mas)\b|但是?|लेकिन|لكن", re.IGNORECASE)
_ADDS = re.compile(rf"\W*(?:\w+\W+){{0,3}}?{asides.ADDS}", re.IGNORECASE)
CHATTER = re.compile(
    r"\W*(?:(?:I hope|hope (?:this|that)|let me know|feel free|please|if you|is there anything|would"
    r" you|do you|thank)\b"
    rf"|{asides.CHATTER})",
    re.IGNORECASE,
)


def without_remarks(text: str, options: tuple[str, ...]) -> str:
    """Without remarks in brackets and quotations of several words, unless an option itself is written so."""
    if "\\" in text:
        text = _plain_formulas(text)
    return _REMARK.sub(lambda remark: _blank(remark, options), text)


def supposes(sentence: str) -> bool:
    """Whether a sentence says, in its last part, what would be: "If it were red, the answer would be no." """
    said = _BUT.split(sentence)[-1]
    return bool(_SUPPOSES.search(said) or _SUPPOSES_LATER.search(said))


def without_suppositions(text: str, sentences: list[Span]) -> list[Span]:
    """The sentences that assert something; all of them where none does."""
    return [span for span in sentences if not supposes(text[slice(*span)])] or sentences


def adds(sentence: str) -> bool:
    """Whether a sentence only adds to what was said: "There is also a dog." """
    return bool(_ADDS.match(sentence))


def _plain_formulas(text: str) -> str:
    """LaTeX fractions, decimal commas and texts in plain characters: "\\frac{1}{3}" as "1/3"."""
    text = _MARKUP.sub(lambda command: command[1].rjust(len(command[0])), text)
    for pattern, plain in _SIGNS:
        text = pattern.sub(lambda sign, plain=plain: sign.expand(plain).ljust(len(sign[0])), text)  # type: ignore[misc]
    return _FRACTION.sub(_plain_fraction, text)


def _plain_fraction(fraction: re.Match[str]) -> str:
    above, below = (fraction[1], fraction[2]) if fraction[1] else (fraction[3], fraction[4])
    return f"{above}/{below}".ljust(len(fraction[0]))


def _blank(remark: re.Match[str], options: tuple[str, ...]) -> str:
    said = remark[1] or remark[2] or remark[3]
    read = tuple(word.text for word in wordings(options).words(said))
    is_option = any(form == read for _, form in wordings(options).forms) or any(said in option for option in options)
    is_short = sum(word[:1].isalpha() for word in read) < _LONG_REMARK
    return remark[0] if is_short or is_option else " " * len(remark[0])
