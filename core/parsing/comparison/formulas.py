"""Compare formulas and numbers by their values.

Where both parse as a formula (numbers, one-letter variables, + - * / ^, roots, sin and the like; LaTeX too), only
values decide: "2(x + 1)" equals "2x + 2", "1/2" equals "0.5", "-x" differs from "x". Tolerance:

- two numerals must be exactly equal ("1,000.0" and "1000");
- a numeral of three significant digits or more equals what rounds to it ("0.333" and "1/3", "1.73" and "√3");
- two formulas must agree to 1e-9, relative to the larger, at fixed values of their variables.

Values are computed by this file and not by sympy, whose text parser evaluates what it is given as Python, and which
cannot be stopped after a time limit in a thread: here the time is bounded by the length, 100 characters.
"""

import cmath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_MAX_CHARS = 100
_MIN_DIGITS = 3  # of a rounded numeral
_TOLERANCE = 1e-9
_FUNCTIONS: Mapping[str, Callable[[complex], complex]] = {
    **{name: getattr(cmath, name) for name in ("sin", "cos", "tan", "exp", "sqrt", "sinh", "cosh", "tanh")},
    "log": cmath.log,
    "ln": cmath.log,
    "abs": lambda value: complex(abs(value)),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sec": lambda value: 1 / cmath.cos(value),
    "csc": lambda value: 1 / cmath.sin(value),
    "cot": lambda value: 1 / cmath.tan(value),
}
LATEX_MARKUP = (
    (re.compile(r"\\[()\[\]]|\$|\\(?:left|right|displaystyle|[,;!: ])"), ""),
    (re.compile(r"\\(?:text|mathrm|mathbf|boldsymbol|operatorname)\s*\{([^{}]*)\}"), r"\1"),
)
_LATEX = (
    (re.compile(r"\\[dt]?frac\s*(\d)(\d)"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:cdot|times|ast)(?![a-z])|[×·⋅∗]"), "*"),
    (re.compile(r"\\div(?![a-z])|÷"), "/"),
    (re.compile(r"\\pi(?![a-z])|π"), " pi "),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"\*\*"), "^"),
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*(?:\[(\d+)\])?\s*\{([^{}]*)\}")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w*\d)|\.\d+)"
    r"|\\?(?P<name>[a-z]+(?:_\{?\w\}?)?|[α-ω])|(?P<sign>[-+*/^()√]))",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_RANGE = re.compile(r"[\d\s.,]*\d\s*[-–−][\d\s.,–−-]*|\d+(?:/\d+){2,}")
_OPERATOR = re.compile(r"[-+*/^√\d]|sin|cos|tan|log|ln|exp|sqrt", re.IGNORECASE)


@dataclass(frozen=True)
class Formula:
    """A parsed side of an answer: its value at each of the fixed points; ``numeral`` where it is just a number."""

    values: tuple[complex, ...]
    numeral: Decimal | None = None
    name: str = ""  # of the left side, in "x = 4"


def same_value(one: Formula, other: Formula) -> bool:
    """Whether two formulas have the same value, within the tolerance above."""
    if one.name and other.name and one.name != other.name:
        return False
    if one.numeral is not None and other.numeral is not None:
        return one.numeral == other.numeral
    for numeral, exact in ((one.numeral, other), (other.numeral, one)):
        if numeral is not None:
            return _rounds_to(numeral, exact)
    return all(_is_close(a, b) for a, b in zip(one.values, other.values, strict=True))


def _rounds_to(numeral: Decimal, exact: Formula) -> bool:
    _, digits, exponent = numeral.as_tuple()
    half = 0.5 * 10.0 ** int(exponent) if len(digits) >= _MIN_DIGITS and int(exponent) < 0 else 0.0
    value = float(numeral)
    return all(abs(each - value) <= half or _is_close(each, value) for each in exact.values)


def _is_close(one: complex, other: complex) -> bool:
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other), 1e-30)


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Formula | None:
    """The text as a formula, or None where it is none; an equation is its right side and the name on its left."""
    text = text.strip().rstrip(".,;!").strip()
    if not text or len(text) > _MAX_CHARS:
        return None
    if _NUMERAL.fullmatch(text):
        number = Decimal(text.replace(",", "").replace("−", "-"))
        return Formula(values=(complex(float(number)),) * len(_POINTS), numeral=number)
    plain = _to_plain(text).casefold()
    left, equals, right = plain.partition("=")
    name = left.strip() if equals else ""
    if equals and not re.fullmatch(r"[a-zα-ω]|[a-z]\([a-z]\)", name):
        return None
    side = right if equals else plain
    if _RANGE.fullmatch(side) or not _OPERATOR.search(side):
        return None
    if equals and _NUMERAL.fullmatch(side.strip()):
        number = Decimal(side.strip().replace(",", ""))
        return Formula(values=(complex(float(number)),) * len(_POINTS), numeral=number, name=name)
    try:
        values = tuple(_Parser(side, point).value() for point in _POINTS)
    except (ValueError, ArithmeticError, RecursionError, KeyError):
        return None
    return Formula(values=values, name=name) if all(map(cmath.isfinite, values)) else None


def _to_plain(text: str) -> str:
    """LaTeX and typographic signs as plain ones; what is not known stays and does not parse."""
    for pattern, plain in (*LATEX_MARKUP, *_LATEX):
        text = pattern.sub(plain, text)
    before = ""
    while text != before:
        before = text
        text = _FRACTION.sub(r"((\1)/(\2))", text)
        text = _ROOT.sub(lambda root: f"(({root[2]})^(1/{root[1]}))" if root[1] else f"sqrt({root[2]})", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", text)
    return _POWER.sub(lambda power: f"^({power[1].translate(_SUPERSCRIPTS)})", text)


# Values of the variables: each point gives every name a value of its own, half of them negative.
_POINTS = (0.137, 0.731, 1.319)


def _variable(name: str, point: float) -> complex:
    seed = sum(ord(letter) * 31**at for at, letter in enumerate(name))
    size = 0.3 + (seed * 0.61803398875 + point * 7.0) % 1.9
    return complex(-size if (seed + int(point * 10)) % 2 else size)


class _Parser:
    """Recursive descent over a formula, computing its value at one point. Raises ValueError where it does not parse."""

    def __init__(self, text: str, point: float) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at, self.point = 0, point
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if not match:
                raise ValueError(text)
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            place = match.end()

    def value(self) -> complex:
        found = self._sum()
        if self.at < len(self.tokens):
            raise ValueError(self.tokens)
        return found

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self, *signs: str) -> str:
        kind, text = self._peek()
        if kind == "sign" and text in signs:
            self.at += 1
            return text
        return ""

    def _sum(self) -> complex:
        found = self._product()
        while sign := self._take("+", "-"):
            after = self._product()
            found = found + after if sign == "+" else found - after
        return found

    def _product(self) -> complex:
        if self._take("-"):
            return -self._product()
        found, kind = self._power(), self.tokens[self.at - 1][0]
        while True:
            if sign := self._take("*", "/"):
                after = -self._power() if self._take("-") else self._power()
                found = found * after if sign == "*" else found / after
            elif self._peek()[0] == "name" or self._peek()[1] in ("(", "√"):
                found *= self._power()
            elif self._peek()[0] == "number" and kind != "number":
                raise ValueError("a number behind a factor")
            else:
                return found

    def _power(self) -> complex:
        base = self._atom()
        return base ** self._exponent() if self._take("^") else base

    def _exponent(self) -> complex:
        return -self._power() if self._take("-") else self._power()

    def _atom(self) -> complex:
        kind, text = self._peek()
        self.at += 1
        if kind == "number":
            return complex(float(text.replace(",", "")))
        if kind == "name":
            return self._named(text)
        if text == "√":
            return cmath.sqrt(self._atom())
        if text == "(":
            found = self._sum()
            if not self._take(")"):
                raise ValueError("a bracket that stays open")
            return found
        raise ValueError(text)

    def _named(self, name: str) -> complex:
        if name == "pi":
            return complex(cmath.pi)
        if name not in _FUNCTIONS:
            if len(name) > 1 and "_" not in name:
                raise ValueError(name)
            return _variable(name, self.point)
        power = self._exponent() if self._take("^") else complex(1)
        return _FUNCTIONS[name](self._argument()) ** power

    def _argument(self) -> complex:
        """Of "sin 2x": everything up to the next sign or function."""
        if self._peek()[1] == "(":
            return self._atom()
        found = self._power()
        while self._peek()[0] == "name" and self._peek()[1] not in _FUNCTIONS:
            found *= self._power()
        return found
