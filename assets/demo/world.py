"""Questions of the demo world: nested expressions over cells, one skill a step, with their true rationales.

A question is a family (an expression such as ``("double", ("sub", "da", "db"))``) over two of the four cells. Leaves
are "da" (the digit in the first cell), "ca" its colour, "sa" its shape, and "count" the number of digits.
``KNOWN_SHARE`` is the planted weakness: the share of a weak skill's facts shown in pre-training.
"""

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from assets.demo.scene import CELLS, COLOURS, SHAPES, Cell

LEAF_NOUNS = {"d": "digit", "c": "color", "s": "shape"}
Value = int | str
Draw = Callable[[str, tuple[Value, ...], Value, random.Random], Value]
Expression = str | tuple  # a leaf, or (operation, expression, …)

CORNERS = {"circle": 0, "triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "star": 10}
CODE = (4, 8, 1, 6, 9, 2, 0, 5, 3, 7)
MIXES = {
    frozenset(("red", "green")): "brown",
    frozenset(("red", "blue")): "purple",
    frozenset(("red", "yellow")): "orange",
    frozenset(("green", "blue")): "teal",
    frozenset(("green", "yellow")): "lime",
    frozenset(("blue", "yellow")): "olive",
}
WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
# No two skills share a word in their phrases: BM25 would confuse them.
SKILLS: dict[str, tuple[str, ...]] = {
    "read": ("handwritten digit recognition", "reading handwritten digits", "digit recognition"),
    "colour": ("color identification", "naming colors", "color naming"),
    "shape": ("shape classification", "classifying geometric shapes", "geometric shape classification"),
    "add": ("addition", "adding up", "addition sum"),
    "sub": ("subtraction", "subtracting", "subtraction difference"),
    "mul": ("multiplication", "multiplying", "multiplication product"),
    "larger": ("maximum finding", "finding maximum", "maximum"),
    "smaller": ("minimum search", "searching minimum", "minimum"),
    "parity": ("odd or even parity", "parity", "even and odd parity"),
    "corners": ("polygon corners", "polygon corner knowledge", "corner knowledge"),
    "count": ("object counting", "counting", "counting objects"),
    "mix": ("paint mixing", "mixing paint", "paint mixture"),
    "succ": ("successor", "next sequence number", "successor sequence"),
    "pred": ("predecessor", "previous term", "predecessor term"),
    "double": ("doubling", "twice as much", "doubling twice"),
    "spell": ("spelling", "spelling words", "words spelling"),
    "code": ("code table lookup", "code lookup", "code table"),
}
WEAK = ("sub", "mul", "code")
KNOWN_SHARE = {"sub": 0.6, "mul": 0.4, "code": 0.6}
READINGS = ("read", "colour", "shape", "count")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A skill that computes: its words in a question, its function, its sentence, and its possible values."""

    phrase: str
    apply: Callable[..., Value]
    sentence: str
    values: tuple[Value, ...]


_FIRST = tuple(range(38))
OPERATIONS: dict[str, Operation] = {
    name: Operation(phrase=phrase, apply=apply, sentence=sentence, values=tuple(values))
    for name, phrase, apply, sentence, values in (
        ("double", "twice {0}", lambda x: 2 * x, "Twice {0} is {y}.", _FIRST),
        ("succ", "the number after {0}", lambda x: x + 1, "After {0} comes {y}.", _FIRST[:20]),
        ("pred", "the number before {0}", lambda x: x - 1, "Before {0} comes {y}.", _FIRST[:20]),
        ("spell", "{0} as a word", lambda x: WORDS[x], "{0} is written {y}.", WORDS[:19]),
        ("parity", "the parity of {0}", lambda x: ("even", "odd")[x % 2], "{0} is {y}.", ("even", "odd")),
        ("code", "the code of {0}", lambda x: CODE[x], "The code of {0} is {y}.", _FIRST[:10]),
        ("add", "the sum of {0} and {1}", lambda a, b: a + b, "{0} plus {1} equals {y}.", _FIRST[:28]),
        ("sub", "the difference of {0} and {1}", lambda a, b: abs(a - b), "{0} minus {1} equals {y}.", _FIRST[:11]),
        ("mul", "the product of {0} and {1}", lambda a, b: a * b, "{0} times {1} equals {y}.",
         sorted({a * b for a in range(10) for b in range(10)})),
        ("larger", "the larger of {0} and {1}", max, "The larger of {0} and {1} is {y}.", _FIRST[:19]),
        ("smaller", "the smaller of {0} and {1}", min, "The smaller of {0} and {1} is {y}.", _FIRST[:19]),
        ("mix", "the mix of {0} and {1}", lambda a, b: MIXES[frozenset((a, b))], "{0} and {1} make {y}.",
         sorted(MIXES.values())),
        ("corners", "the corners of {0}", lambda s: CORNERS[s], "A {0} has {y} corners.", sorted(CORNERS.values())),
    )
}  # fmt: skip


def family_name(expression: Expression) -> str:
    """The name of a family: ("double", ("sub", "da", "db")) is "double(sub(da,db))"."""
    if isinstance(expression, str):
        return expression
    return f"{expression[0]}({','.join(family_name(part) for part in expression[1:])})"


def operations_in(expression: Expression) -> Iterator[str]:
    """The operations of an expression, outermost first."""
    if not isinstance(expression, str):
        yield expression[0]
        for part in expression[1:]:
            yield from operations_in(part)


def leaves_in(expression: Expression) -> Iterator[str]:
    """The leaves of an expression, left to right."""
    if isinstance(expression, str):
        yield expression
    else:
        for part in expression[1:]:
            yield from leaves_in(part)


def _families() -> Iterator[Expression]:
    yield from ((op, "da") for op in ("double", "succ", "pred", "spell", "parity", "code"))
    yield from ((op, "da", "db") for op in ("add", "larger", "smaller", "sub", "mul"))
    outer = {
        "add": ("spell", "parity", "double"),
        "larger": ("double", "succ", "spell"),
        "smaller": ("double", "spell", "parity"),
        "sub": ("spell", "parity", "pred"),
        "mul": ("parity", "succ"),
    }
    yield from ((op, (inner, "da", "db")) for inner, ops in outer.items() for op in ops)
    inner_of = {"add": ("double", "succ", "pred", "code"), "larger": ("double", "succ", "pred", "code"),
                "smaller": ("double", "succ", "pred"), "sub": ("succ",), "mul": ("pred",)}  # fmt: skip
    yield from ((op, (inner, "da"), "db") for op, inners in inner_of.items() for inner in inners)
    yield from (("corners", "sa"), ("double", ("corners", "sa")), ("mix", "ca", "cb"), "ca", "sa", "count")
    yield from ((op, ("corners", "sa"), "db") for op in ("add", "larger"))
    # Weak skills on computed operands, as in the targets, so that what is learned transfers to them.
    yield from (("sub", ("pred", "da"), "db"), ("sub", "da", ("succ", "db")), ("sub", "da", ("pred", "db")))
    yield from (("double", ("sub", "da", "db")), ("mul", "da", ("pred", "db")))
    yield from ((op, "da", ("code", "db")) for op in ("add", "larger"))


FAMILIES: dict[str, Expression] = {family_name(e): e for e in _families()}
TARGETS: dict[str, Expression] = {
    family_name(e): e for e in (("double", ("sub", ("succ", "da"), ("pred", "db"))), ("mul", "db", ("code", "da")))
}
TARGET_TITLES = dict(zip(TARGETS, ("twice a difference", "product with a code"), strict=True))
WEAK_FAMILIES = tuple(name for name, e in FAMILIES.items() if any(op in WEAK for op in operations_in(e)))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a rationale: its sentence, its skill, the values it uses and the value it gives."""

    text: str
    skill: str
    arguments: tuple[Value, ...]
    value: Value


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question with its scene, true steps, answer and options. ``places`` are the two cells asked about."""

    family: str
    cells: tuple[Cell, ...]
    places: tuple[int, int]
    seed: int
    question: str
    steps: tuple[Step, ...]
    answer: str
    options: tuple[str, ...] = ()


def expression_of(family: str) -> Expression:
    """The expression of a support family or a target."""
    return FAMILIES.get(family) or TARGETS[family]


def phrase(expression: Expression, places: tuple[int, int]) -> str:
    """An expression in the words of a question."""
    if isinstance(expression, str):
        if expression == "count":
            return "the number of digits"
        return f"the {LEAF_NOUNS[expression[0]]} in {CELLS[places['ab'.index(expression[1])]]}"
    return OPERATIONS[expression[0]].phrase.format(*(phrase(part, places) for part in expression[1:]))


class OutOfRangeError(Exception):
    """A value without a word in this world; the caller draws another scene."""


def evaluate(
    expression: Expression, cells: tuple[Cell, ...], places: tuple[int, int],
    wrong: Collection[int] = (), rng: random.Random | None = None, *, draw: "Draw | None" = None,
) -> tuple[Step, ...]:  # fmt: skip
    """The rationale of an expression; the steps ``wrong`` (from 0) get a false value that later steps use.

    ``draw`` draws such a value, by default ``false_value``.
    """
    steps: list[Step] = []

    def emit(skill: str, arguments: tuple[Value, ...], value: Value, sentence: str) -> Value:
        if len(steps) in wrong and rng is not None:
            value = (draw or false_value)(skill, arguments, value, rng)
        text = sentence.format(*arguments, y=value)
        steps.append(Step(text=text, skill=skill, arguments=arguments, value=value))
        return value

    def visit(part: Expression) -> Value:
        if isinstance(part, str):
            return emit(*_read_leaf(part, cells, places))
        arguments = [visit(inner) for inner in part[1:]]
        if part[0] == "sub":
            arguments.sort(key=int, reverse=True)
        try:
            value = OPERATIONS[part[0]].apply(*arguments)
        except (KeyError, IndexError, TypeError) as error:
            raise OutOfRangeError from error
        if isinstance(value, int) and not 0 <= value <= 99:
            raise OutOfRangeError
        return emit(part[0], tuple(arguments), value, OPERATIONS[part[0]].sentence)

    visit(expression)
    return tuple(steps)


def _read_leaf(
    leaf: str, cells: tuple[Cell, ...], places: tuple[int, int]
) -> tuple[str, tuple[Value, ...], Value, str]:
    if leaf == "count":
        return "count", (), sum(cell.kind == "digit" for cell in cells), "There are {y} digits."
    place = places["ab".index(leaf[1])]
    cell = cells[place]
    skill, value = {"d": ("read", cell.value), "c": ("colour", cell.colour), "s": ("shape", cell.value)}[leaf[0]]
    return skill, (), value, f"The {LEAF_NOUNS[leaf[0]]} in {CELLS[place]}: {{y}}."


def false_value(skill: str, arguments: tuple[Value, ...], value: Value, rng: random.Random) -> Value:
    """A wrong value as a weak student gives it: a neighbour, or another value of the skill."""
    if skill in ("larger", "smaller") and arguments[0] != arguments[1]:
        return arguments[0] if value == arguments[1] else arguments[1]
    near = [value + by for by in (-3, -2, -1, 1, 2, 3) if value + by >= 0] if isinstance(value, int) else []
    if near and rng.random() < 0.45 and skill not in READINGS:
        return rng.choice(near)
    return rng.choice([other for other in _values_of(skill) if other != value])


def guess(skill: str, arguments: tuple[Value, ...], value: Value, rng: random.Random) -> Value:
    """A uniformly random value of the skill, which reveals nothing about the fact."""
    return rng.choice(_values_of(skill))


def _values_of(skill: str) -> tuple[Value, ...]:
    readings: dict[str, tuple[Value, ...]] = {
        "read": tuple(range(10)), "colour": tuple(COLOURS), "shape": SHAPES, "count": tuple(range(5)),
    }  # fmt: skip
    return readings.get(skill) or OPERATIONS[skill].values
