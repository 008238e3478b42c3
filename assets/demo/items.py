"""Draw items of the demo world: a random scene for a family, its options, and rationales with one false step.

Also defines which facts are withheld from the student in pre-training (the planted weakness).
"""

import random
from functools import cache

from assets.demo.scene import Cell, random_cell
from assets.demo.world import (
    KNOWN_SHARE,
    SKILLS,
    WEAK,
    Item,
    OutOfRangeError,
    Step,
    Value,
    evaluate,
    expression_of,
    guess,
    leaves_in,
    operations_in,
    phrase,
)


@cache
def _known_facts(skill: str) -> frozenset[tuple[Value, ...]]:
    """The facts of a weak skill shown in pre-training: a seeded share of its table, operands in rising order."""
    if skill == "code":
        table: list[tuple[Value, ...]] = [(i,) for i in range(10)]
    else:
        top = 11 if skill == "sub" else 10
        table = [(i, j) for i in range(top) for j in range(i, top)]
    random.Random(3).shuffle(table)
    return frozenset(table[: round(KNOWN_SHARE[skill] * len(table))])


def is_known(step: Step) -> bool:
    """Whether pre-training shows this step's fact; for strong skills always."""
    return step.skill not in KNOWN_SHARE or tuple(sorted(step.arguments, key=int)) in _known_facts(step.skill)


def draw_item(family: str, rng: random.Random, split: str) -> Item:
    """A random item of a family, with handwriting of a split."""
    expression = expression_of(family)
    for _ in range(400):
        places = tuple(rng.sample(range(4), 2))
        cells = _scene(expression, places, rng, split)
        try:
            steps = evaluate(expression, cells, places)
        except OutOfRangeError:
            continue
        question = f"What is {phrase(expression, places)}?"
        item = Item(family=family, cells=cells, places=places, seed=rng.randrange(2**31), question=question,
                    steps=steps, answer=str(steps[-1].value))  # fmt: skip
        return with_options(item, rng)
    raise RuntimeError(f"no scene fits {family}")


def _scene(expression, places: tuple[int, int], rng: random.Random, split: str) -> tuple[Cell, ...]:
    cells = [random_cell(rng, split) for _ in range(4)]
    for leaf in leaves_in(expression):
        kind = {"d": "digit", "s": "shape"}.get(leaf[0])
        if kind and leaf != "count":
            place = places["ab".index(leaf[1])]
            if cells[place].kind != kind:
                cells[place] = random_cell(rng, split, kind)
    if "mix" in operations_in(expression):
        while cells[places[0]].colour == cells[places[1]].colour:
            cells[places[1]] = random_cell(rng, split)
    return tuple(cells)


def corrupt_rationale(
    item: Item, rng: random.Random, at: int | None = None, again: float = 0.0
) -> tuple[tuple[Step, ...], int] | None:
    """The item's rationale with one false step (``at`` from 0, else random) and its consequences, and the step's index;
    None when it leads out of range.

    ``again`` is the probability that each later step of a weak skill is false as well: who lacks one fact may lack
    another.
    """
    for _ in range(20):
        wrong = rng.randrange(len(item.steps)) if at is None else at
        later = [n for n, step in enumerate(item.steps) if n > wrong and step.skill in WEAK and rng.random() < again]
        try:
            return evaluate(expression_of(item.family), item.cells, item.places, (wrong, *later), rng), wrong
        except OutOfRangeError:
            continue
    return None


def guess_withheld_facts(item: Item, rng: random.Random) -> tuple[Step, ...]:
    """The rationale as shown in pre-training: withheld facts are replaced by guesses, which later steps follow.

    The student thus sees when such a fact is needed and how to continue from it, but the guess, uniform over the
    skill's values, does not reveal the fact.
    """
    expression = expression_of(item.family)
    for _ in range(400):
        seed, unknown = rng.random(), frozenset[int]()
        try:
            while True:
                steps = evaluate(expression, item.cells, item.places, unknown, random.Random(seed), draw=guess)
                found = {number for number, step in enumerate(steps) if not is_known(step)} - unknown
                if not found:
                    return steps
                unknown |= {min(found)}  # its value changes the facts that later steps need
        except OutOfRangeError:
            continue
    raise RuntimeError(f"no guess fits {item.question}")


def with_options(item: Item, rng: random.Random, must_hold: str | None = None) -> Item:
    """The item with up to four options: the truth, ``must_hold`` if given, and results of false steps."""
    others = [must_hold] if must_hold not in (None, item.answer) else []
    for _ in range(30):
        if len(others) >= (1 if item.answer in ("odd", "even") else 3):
            break
        false = corrupt_rationale(item, rng)
        answer = str(false[0][-1].value) if false else item.answer
        if answer != item.answer and answer not in others:
            others.append(answer)
    options = [*others, item.answer]
    rng.shuffle(options)
    fields = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return Item(**{**fields, "options": tuple(options)})


def rationale(steps: tuple[Step, ...]) -> str:
    """The assistant turn: numbered steps and the final answer."""
    text = " ".join(f"Step {number}: {step.text}" for number, step in enumerate(steps, 1))
    return f"{text} The answer is {steps[-1].value}."


def skill_label(item: Item, rng: random.Random) -> str:
    """Phrases of the item's distinct skills in the order of its steps, joined by "; "."""
    return "; ".join(rng.choice(SKILLS[skill]) for skill in dict.fromkeys(step.skill for step in item.steps))
