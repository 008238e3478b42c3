"""Whether two answers are the same: formulas and numbers by value (``formulas``), everything else by its words.

Words are compared as ``core.parsing.normalisation`` does; brackets count beside relations and operators.
"""

import re
import unicodedata

from core.parsing.comparison.formulas import LATEX_MARKUP, parse_formula, same_value
from core.parsing.normalisation import normalise

_INTERVAL = re.compile(r"\s*([\[(]).*,.*([\])])\s*", re.DOTALL)
_RELATION = re.compile(r"[=<>≤≥≠+×÷/^√∩∪]")
_SYMBOLS = {
    "cap": "∩",
    "cup": "∪",
    "setminus": "∖",
    "in": "∈",
    "notin": "∉",
    "subset": "⊂",
    "subseteq": "⊆",
    "emptyset": "∅",
    "leq": "≤",
    "le": "≤",
    "geq": "≥",
    "ge": "≥",
    "neq": "≠",
    "ne": "≠",
    "approx": "≈",
    "pm": "±",
    "infty": "∞",
    "rightarrow": "→",
    "to": "→",
    "leftarrow": "←",
    "Rightarrow": "⇒",
    "parallel": "∥",
    "perp": "⊥",
    " ": "∖ ",
    "neg": "¬",
    "lnot": "¬",
    "land": "∧",
    "wedge": "∧",
    "lor": "∨",
    "vee": "∨",
}
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu", "nu", "xi", "omicron",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
_LETTERS = {
    spelled: unicodedata.lookup(f"GREEK {case} LETTER {name}")
    for name in _GREEK
    for case, spelled in (("SMALL", name), ("CAPITAL", name.capitalize()))
} | {"lambda": "λ", "Lambda": "Λ"}
_DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])")
_ESCAPED = re.compile(r"\\([%$#&_])")
_COMMAND = re.compile(r"\\([A-Za-z]+|(?<=\w\s\\) (?=\w))")


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same (see above)."""
    ends, other_ends = _INTERVAL.fullmatch(one), _INTERVAL.fullmatch(other)
    if ends and other_ends and ends.groups() != other_ends.groups():
        return False
    first, second = parse_formula(one), parse_formula(other)
    if first and second:
        return same_value(first, second)
    one, other = with_symbols(one), with_symbols(other)
    if normalise(one) != normalise(other):
        return False
    formulas = bool(_RELATION.search(one) and _RELATION.search(other))
    return not formulas or _brackets(one) == _brackets(other)


def read_the_same(one: str, other: str) -> bool:
    """Whether no answer tells two options apart: "three" and "3", but not "F" and "f", "0.5" and "1/2"."""
    only_case = written_form(one) != written_form(other)
    only_case = only_case and written_form(one, keep_case=False) == written_form(other, keep_case=False)
    return normalise(one) == normalise(other) and same_answer(one, other) and not only_case


def with_symbols(text: str) -> str:
    """LaTeX commands for relations, operators, Greek letters and degrees as the symbols themselves: "A \\cap B" as
    "A ∩ B", "2 \\, \\Omega" as "2 Ω"; markup around words is taken off."""
    if "\\" not in text:
        return text
    text = _ESCAPED.sub(r"\1", _DEGREES.sub("°", text))
    for pattern, plain in LATEX_MARKUP:
        text = pattern.sub(plain, text)
    return _COMMAND.sub(lambda command: _SYMBOLS.get(command[1]) or _LETTERS.get(command[1], command[0]), text)


def written_form(text: str, *, keep_case: bool = True) -> str:
    """The text as it is written, without spaces, markup and a final stop; tells apart options that compare as equal."""
    for pattern, plain in LATEX_MARKUP:
        text = pattern.sub(plain, text)
    form = re.sub(r"[\s*`\"“”]", "", unicodedata.normalize("NFC", text).replace("−", "-")).rstrip(".,;:!")
    return form if keep_case else form.casefold()


def _brackets(text: str) -> str:
    """The brackets of a text and the words before each, without a pair around all of it."""
    text = text.strip()
    if text[:1] == "(" and text[-1:] == ")" and "(" not in text[1:-1]:
        text = text[1:-1]
    return " ".join(normalise(part) if at % 2 == 0 else part for at, part in enumerate(re.split(r"([()\[\]])", text)))
