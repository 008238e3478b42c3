"""An experiment's plan and its figures: which trials there are, and what arms score over seeds and samples.

Arithmetic on matrices of scores (seeds × test samples); knows no model, no database and not how an arm chooses.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.types import BUDGETED_ARMS, Arm, Interval

ARMS: tuple[Arm, ...] = ("untuned", "random", "insta", "random_step", "step_text", "targeted", "validation", "full")
DRAWS = 4000
FLIPS = 10_000
Scores = NDArray[np.float64]
"""Shape (seeds, samples): what each test sample scores, 0 to 1, in the trial of each seed."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An arm at a budget: its accuracy on the test set over seeds, and how many samples it was tuned on.

    ``mean`` has the interval over seeds and samples, ``deviation`` is the sample standard deviation over seeds (0 for
    one seed), ``accuracies`` are by seed, in their order.
    """

    arm: Arm
    budget: int
    chosen: int
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    mean: Interval
    deviation: float


@dataclass(frozen=True, kw_only=True)
class Paired:
    """One arm against another on the same seeds and samples: the difference of accuracies, and how likely by chance."""

    arm: Arm
    against: Arm
    budget: int
    difference: Interval
    p_value: float


def plan(arms: Sequence[str], budgets: Sequence[int], seeds: int) -> list[tuple[Arm, int, int]]:
    """The trials as (arm, budget, seed), a whole seed before the next, so that what is there early can be compared.

    Arms with a size of their own have the budget 0; the untuned student has one trial. Raises UserError for an arm that
    is none, and without an arm, a seed, or a budget where one is needed.
    """
    unknown = [arm for arm in arms if arm not in ARMS]
    if unknown or not arms:
        raise UserError(f"There is no arm '{', '.join(unknown)}': choose among {', '.join(ARMS)}.")
    if seeds < 1:
        raise UserError("An experiment needs at least 1 seed.")
    if any(arm in BUDGETED_ARMS for arm in arms) and (not budgets or min(budgets) < 1):
        raise UserError("An experiment needs budgets of at least 1 sample, such as --budgets 500,1000,2000.")
    found: list[tuple[Arm, int, int]] = [("untuned", 0, 0)] if "untuned" in arms else []
    for seed in range(seeds):
        found += [(arm, 0, seed) for arm in ARMS if arm in arms and arm in ("validation", "full")]
        found += [
            (arm, budget, seed) for budget in sorted({*budgets}) for arm in ARMS if arm in arms and arm in BUDGETED_ARMS
        ]
    return found


def outcome(arm: Arm, budget: int, chosen: int, seeds: Sequence[int], scores: Scores) -> Outcome:
    """What an arm scores; one row of ``scores`` for each of ``seeds``."""
    each = scores.mean(axis=1)
    return Outcome(
        arm=arm,
        budget=budget,
        chosen=chosen,
        seeds=tuple(seeds),
        accuracies=tuple(each.tolist()),
        mean=crossed_interval(scores),
        deviation=float(each.std(ddof=1)) if len(each) > 1 else 0.0,
    )


def paired(arm: Arm, against: Arm, budget: int, scores: Scores, others: Scores) -> Paired:
    """Two arms with the same seeds (rows; a single row stands for every seed) and samples (columns)."""
    difference = scores - others
    return Paired(
        arm=arm,
        against=against,
        budget=budget,
        difference=crossed_interval(difference),
        p_value=flipped(difference.mean(axis=0)),
    )


def crossed_interval(matrix: Scores, seed: int = 0) -> Interval:
    """The mean of a (seeds × samples) matrix with its 95 % interval over the luck of either.

    Seeds and samples are both drawn anew, with replacement (the two-way bootstrap of Owen 2007).
    """
    rows, columns = matrix.shape
    seeds, samples = _drawn(rows, seed), _drawn(columns, seed + 1)
    means = np.einsum("dr,dr->d", seeds, samples @ matrix.T)
    low, high = np.percentile(means, [2.5, 97.5])
    value = float(matrix.mean())
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


@functools.lru_cache(maxsize=16)
def _drawn(count: int, seed: int) -> Scores:
    """How often each of ``count`` is drawn in each of 4,000 draws, as weights: a draw's mean is then a product."""
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS)
    return np.asarray(drawn / count, np.float64)


def flipped(differences: Scores, seed: int = 0) -> float:
    """The two-sided p of a paired permutation test: how often random signs sum ``differences`` as far from 0.

    Seeds are averaged beforehand: it speaks of the samples, for the seeds that were drawn. At least 1/10,001.
    """
    changed = differences[np.abs(differences) > 1e-12]
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(0, FLIPS, 500):  # so many at a time that the signs fit into a few megabytes
        signs = rng.integers(0, 2, (500, len(changed)), dtype=np.int8) * 2 - 1
        reached += int((np.abs(signs @ changed) >= abs(changed.sum()) - 1e-9).sum())
    return (reached + 1) / (FLIPS + 1)
