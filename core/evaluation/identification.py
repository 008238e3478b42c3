"""Measure how well mistake steps are found: the answer switch and three baselines, against known wrong steps.

Each method's settings are chosen on one half of the errors and reported on the other.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from core.answer_switch import find_switch
from core.evaluation.comparison import accuracy_interval
from core.prompts import rationale_prompt, step_question, step_settings
from core.retrieval.terms import tokenise
from core.teacher import Teacher, require_replies
from core.types import Curve, Interval, Prediction, Sample, Settings, Skipped

PRIORS = (0.5, 0.6, 0.7, 0.8)
DELTAS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5)
LAMBDAS = (1, 2, 3, 4)
WORDS_PER_STEP = 24

Guess = Callable[[int], int | None]
"""From a sample id to the step (from 1) guessed to be the first wrong one; None without a guess."""


@dataclass(frozen=True, kw_only=True)
class KnownMistake:
    """An error whose first wrong step is known: ``gold`` of ``steps``, counted from 1."""

    sample: int
    steps: int
    gold: int


@dataclass(frozen=True, kw_only=True)
class IdentificationResult:
    """How often one method finds the known step, exactly and within one step, on the reporting half.

    ``settings`` are those chosen on the other half; ``errors`` is the size of the reporting half.
    """

    method: str
    settings: str
    exact: Interval
    near: Interval
    errors: int


def step_doubts(
    teacher: Teacher, cases: Sequence[tuple[Sample, Prediction]], settings: Settings
) -> Iterator[tuple[int, list[float]]]:
    """(sample id, probability that each step is wrong), asking the teacher about one step at a time.

    A case with a step that the teacher cannot judge is left out.
    """
    for sample, prediction in cases:
        numbers = range(1, len(prediction.steps) + 1)
        asked = [step_question(sample, prediction.steps, n, settings.skill_shots, settings.prompts) for n in numbers]
        as_wrong = Prediction(
            round=prediction.round, sample=sample.id, text="", steps=(), answer="wrong", reading="", correct=False
        )
        found = dict(teacher.curves([(each, as_wrong) for each in asked], step_settings(settings)))
        curves = [found[place] for place in range(len(asked))]
        if not any(isinstance(each, Skipped) for each in curves):
            yield sample.id, [each.probabilities[0][each.predicted] for each in curves if isinstance(each, Curve)]


def write_rationales(
    teacher: Teacher, cases: Sequence[tuple[Sample, int]], settings: Settings
) -> list[tuple[str, ...]]:
    """A rationale for the correct answer of each (sample, maximum steps), written step by step until none comes."""
    written: list[tuple[str, ...]] = [()] * len(cases)
    open_ = list(range(len(cases)))
    while open_ := [place for place in open_ if len(written[place]) < cases[place][1]]:
        prompts = [
            rationale_prompt(cases[place][0], written[place], settings.skill_shots, settings.prompts) for place in open_
        ]
        steps = [" ".join(text.split()) for text in require_replies(teacher.complete(prompts, WORDS_PER_STEP))]
        for place, step in zip(open_, steps, strict=True):
            written[place] += (step,) if step else ()
        open_ = [place for place, step in zip(open_, steps, strict=True) if step]
    return written


def first_doubted(doubts: Sequence[float], threshold: float) -> int:
    """The first step whose doubt exceeds the threshold, else the most doubted one."""
    above = next((k for k, doubt in enumerate(doubts, 1) if doubt > threshold), None)
    return above or int(np.argmax(doubts)) + 1


def random_chance(known: Sequence[KnownMistake]) -> tuple[list[float], list[float]]:
    """The probability that a random step is the known one, and within one of it, for each error."""
    exact = [1 / each.steps for each in known]
    near = [sum(abs(k - each.gold) <= 1 for k in range(1, each.steps + 1)) / each.steps for each in known]
    return exact, near


def split_halves(known: Sequence[KnownMistake], seed: int) -> tuple[list[KnownMistake], list[KnownMistake]]:
    """The errors to choose settings on, and those to report on: a seeded half each."""
    order = np.random.default_rng(seed).permutation(len(known)).tolist()
    first = set(order[: len(known) // 2])
    return [known[k] for k in sorted(first)], [each for k, each in enumerate(known) if k not in first]


def report_method(
    method: str, guesses: Mapping[str, Guess], known: Sequence[KnownMistake], seed: int
) -> IdentificationResult:
    """The guess (by its settings) that is right most often on the first half, measured on the second.

    On ties the first one. An error without a guess counts as missed.
    """
    choose_on, report_on = split_halves(known, seed)
    shares = {name: _exact_share(guess, choose_on) for name, guess in guesses.items()}
    best = max(shares, key=lambda name: shares[name])
    exact, near = _hits(guesses[best], report_on)
    return IdentificationResult(
        method=method,
        settings=best,
        exact=accuracy_interval(exact),
        near=accuracy_interval(near),
        errors=len(report_on),
    )


def report_random(known: Sequence[KnownMistake], seed: int) -> IdentificationResult:
    """What a random step is expected to find, on the same half."""
    exact, near = random_chance(split_halves(known, seed)[1])
    return IdentificationResult(
        method="any_step",
        settings="",
        exact=accuracy_interval(exact),
        near=accuracy_interval(near),
        errors=len(exact),
    )


def switch_guesses(curves: Mapping[float, Mapping[int, Curve]]) -> dict[str, Guess]:
    """The answer switch at every prior (with its curves), δ and λ; the defaults first."""
    grid = sorted(product(curves, DELTAS, LAMBDAS), key=lambda at: (at[0] != 0.6, at[1] != 0.0, at[2] != 2))
    return {f"π = {pi:g}, δ = {delta:g}, λ = {lam}": _switch_guess(curves[pi], delta, lam) for pi, delta, lam in grid}


def doubt_guesses(doubts: Mapping[int, Sequence[float]]) -> dict[str, Guess]:
    """The first doubted step at the threshold ½, and at thresholds spread over the observed doubts.

    A teacher not trained to judge steps may doubt all of them with similar probability, so that only thresholds between
    its own doubts give a fair comparison.
    """

    def guess(at: float) -> Guess:
        return lambda sample: first_doubted(doubts[sample], at) if sample in doubts else None

    spread = _spread([doubt for row in doubts.values() for doubt in row])
    return {f"threshold {at:.4g}": guess(at) for at in (0.5, *spread)}


def written_guesses(steps: Mapping[int, Sequence[str]], written: Mapping[int, Sequence[str]]) -> dict[str, Guess]:
    """The first step that shares less with the written rationale than ½, or than a threshold spread over all shares."""
    shares = {sample: shared_words(steps[sample], lines) for sample, lines in written.items()}

    def guess(at: float) -> Guess:
        return lambda sample: first_diverging(shares[sample], at) if sample in shares else None

    spread = _spread([share for row in shares.values() for share in row])
    return {f"threshold {at:.4g}": guess(at) for at in (0.5, *spread)}


def shared_words(steps: Sequence[str], written: Sequence[str]) -> list[float]:
    """The largest F1 of words between each step and any written step, in [0, 1]."""
    return [max((_word_f1(step, other) for other in written), default=0.0) for step in steps]


def first_diverging(shares: Sequence[float], threshold: float) -> int:
    """The first step that shares less than ``threshold``, else the one that shares least."""
    return first_doubted([1 - share for share in shares], 1 - threshold)


def _spread(values: Sequence[float]) -> list[float]:
    """Nineteen quantiles of the values, without repeats."""
    return sorted({float(each) for each in np.quantile(values, np.arange(1, 20) / 20)}) if values else []


def _switch_guess(curves: Mapping[int, Curve], delta: float, lam: int) -> Guess:
    def guess(sample: int) -> int | None:
        return find_switch(curves[sample], delta=delta, lam=lam).mistake_step if sample in curves else None

    return guess


def _hits(guess: Guess, known: Sequence[KnownMistake]) -> tuple[list[float], list[float]]:
    found = [(guess(each.sample), each.gold) for each in known]
    exact = [float(step == gold) for step, gold in found]
    return exact, [float(step is not None and abs(step - gold) <= 1) for step, gold in found]


def _exact_share(guess: Guess, known: Sequence[KnownMistake]) -> float:
    exact, _ = _hits(guess, known)
    return sum(exact) / max(1, len(exact))


def _word_f1(one: str, other: str) -> float:
    """The F1 of two steps' words, numbers included, counted with multiplicity."""
    first, second = (Counter(tokenise(text)) for text in (one, other))
    words = first.total() + second.total()
    return 2 * (first & second).total() / words if words else 1.0
