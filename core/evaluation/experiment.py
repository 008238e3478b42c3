"""Plan an experiment's trials and compute its figures over seeds and samples.

Works on matrices of scores (seeds × test samples).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.types import BUDGETED_ARMS, Arm, Interval

ARMS: tuple[Arm, ...] = ("untuned", "random", "insta", "random_step", "step_text", "targeted", "validation", "full")
BOOTSTRAP_DRAWS = 4000
PERMUTATIONS = 10_000
Scores = NDArray[np.float64]
"""Shape (seeds, samples): the score of each test sample, in [0, 1], in the trial of each seed."""


@dataclass(frozen=True, kw_only=True)
class ArmOutcome:
    """An arm at a budget: its accuracy on the test set over seeds, and the number of samples it was tuned on.

    ``mean`` has the interval over seeds and samples. ``deviation`` is the sample standard deviation over seeds (0 for
    one seed). ``accuracies`` are in the order of ``seeds``.
    """

    arm: Arm
    budget: int
    chosen: int
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    mean: Interval
    deviation: float


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """One arm against another on the same seeds and samples: the difference of accuracies and its p value."""

    arm: Arm
    against: Arm
    budget: int
    difference: Interval
    p_value: float


def plan_trials(arms: Sequence[str], budgets: Sequence[int], seeds: int) -> list[tuple[Arm, int, int]]:
    """The trials as (arm, budget, seed), seed by seed, so that early results are already comparable.

    Arms of fixed size have the budget 0; the untuned student has one trial. Raises UserError for an unknown arm, and
    without an arm, a seed, or a budget where one is needed.
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


def arm_outcome(arm: Arm, budget: int, chosen: int, seeds: Sequence[int], scores: Scores) -> ArmOutcome:
    """The outcome of an arm; ``scores`` has one row for each of ``seeds``."""
    each = scores.mean(axis=1)
    return ArmOutcome(
        arm=arm,
        budget=budget,
        chosen=chosen,
        seeds=tuple(seeds),
        accuracies=tuple(each.tolist()),
        mean=crossed_interval(scores),
        deviation=float(each.std(ddof=1)) if len(each) > 1 else 0.0,
    )


def paired_difference(arm: Arm, against: Arm, budget: int, scores: Scores, others: Scores) -> PairedDifference:
    """The difference of two arms with the same seeds (rows; a single row is broadcast) and samples (columns)."""
    difference = scores - others
    return PairedDifference(
        arm=arm,
        against=against,
        budget=budget,
        difference=crossed_interval(difference),
        p_value=permutation_p_value(difference.mean(axis=0)),
    )


def crossed_interval(matrix: Scores) -> Interval:
    """The mean of a (seeds × samples) matrix with its 95 % interval over both seeds and samples.

    Both are resampled with replacement (two-way bootstrap, Owen 2007).
    """
    rows, columns = matrix.shape
    seeds, samples = _bootstrap_weights(rows, seed=0), _bootstrap_weights(columns, seed=1)
    means = np.einsum("dr,dr->d", seeds, samples @ matrix.T)
    low, high = np.percentile(means, [2.5, 97.5])
    value = float(matrix.mean())
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


@functools.lru_cache(maxsize=16)
def _bootstrap_weights(count: int, seed: int) -> Scores:
    """Shape (4,000, count): the share of each item in each resample, so that its mean is a matrix product."""
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), BOOTSTRAP_DRAWS)
    return np.asarray(drawn / count, np.float64)


def permutation_p_value(differences: Scores) -> float:
    """The two-sided p of a paired permutation test: how often random signs sum ``differences`` as far from 0.

    Seeds are averaged beforehand, so it generalises over samples for the given seeds. At least 1/10,001.
    """
    changed = differences[np.abs(differences) > 1e-12]
    rng = np.random.default_rng(0)
    reached = 0
    for _ in range(0, PERMUTATIONS, 500):  # in blocks, so that the signs take a few megabytes
        signs = rng.integers(0, 2, (500, len(changed)), dtype=np.int8) * 2 - 1
        reached += int((np.abs(signs @ changed) >= abs(changed.sum()) - 1e-9).sum())
    return (reached + 1) / (PERMUTATIONS + 1)
