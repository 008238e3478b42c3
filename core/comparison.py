"""Two rounds on the same samples: what was fixed, what broke, and whether the difference is more than chance.

Arithmetic on correct/wrong by sample id; knows no model and no database.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import bdtr, ndtri

from core.errors import UserError
from core.types import Comparison, Interval, Role

RESAMPLES = 2_000


def compare(
    role: Role,
    before: Mapping[int, bool],
    after: Mapping[int, bool],
    categories: Mapping[int, str],
    skills: Mapping[int, str],
    *,
    seed: int,
) -> Comparison:
    """The paired comparison of two rounds, on the samples that both have a verdict for (correct or not, by sample id).

    ``categories`` and ``skills`` name a sample's groups; a sample with none, or with "", is in no group. ``role`` says
    which set the figures are of. Raises ``UserError`` when the rounds share no sample.
    """
    ids = sorted(before.keys() & after.keys())
    if not ids:
        raise UserError(f"The two rounds share no {role} sample: predict the {role} set in both, then compare.")
    outcomes: dict[tuple[bool, bool], list[int]] = {(was, now): [] for was in (False, True) for now in (False, True)}
    for sample in ids:
        outcomes[before[sample], after[sample]].append(sample)
    fixed, broken = outcomes[False, True], outcomes[True, False]
    return Comparison(
        role=role,
        fixed=tuple(fixed),
        broken=tuple(broken),
        still_wrong=tuple(outcomes[False, False]),
        still_right=tuple(outcomes[True, True]),
        before=accuracy_interval([before[sample] for sample in ids]),
        after=accuracy_interval([after[sample] for sample in ids]),
        difference=difference_interval(len(fixed), len(broken), len(ids), seed=seed),
        p_value=mcnemar(len(fixed), len(broken)),
        by_category=_by_group(ids, before, after, categories),
        by_skill=_by_group(ids, before, after, skills),
    )


def accuracy_interval(correct: Sequence[bool]) -> Interval:
    """The share of correct answers with its 95 % interval (Wilson 1927, which stays inside [0, 1] for any n).

    Raises ``UserError`` for no answers at all.
    """
    n = len(correct)
    if n == 0:
        raise UserError("There are no predictions to measure: predict the set first.")
    share = sum(correct) / n
    z = float(ndtri(0.975))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # At 0 and 1 an end equals the share; rounding must not push it past.
    return Interval(value=share, low=max(0.0, min(centre - reach, share)), high=min(1.0, max(centre + reach, share)))


def difference_interval(fixed: int, broken: int, n: int, *, seed: int) -> Interval:
    """Accuracy after minus before on n pairs, with the 95 % percentile interval of 2,000 paired bootstrap resamples.

    Resampling n pairs with replacement and counting the fixed and the broken ones is one multinomial draw.
    """
    shares = [fixed / n, broken / n, (n - fixed - broken) / n]
    draws = np.random.default_rng(seed).multinomial(n, shares, size=RESAMPLES)
    low, high = np.percentile((draws[:, 0] - draws[:, 1]) / n, (2.5, 97.5))
    value = (fixed - broken) / n
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def mcnemar(fixed: int, broken: int) -> float:
    """The exact two-sided McNemar p: how often a fair coin splits the changed samples at least this unevenly."""
    changed = fixed + broken
    return min(1.0, 2 * float(bdtr(min(fixed, broken), changed, 0.5)))


def _by_group(
    ids: Sequence[int], before: Mapping[int, bool], after: Mapping[int, bool], groups: Mapping[int, str]
) -> dict[str, tuple[int, int, int]]:
    """(samples, correct before, correct after) of each group, in the order of their names."""
    totals: dict[str, tuple[int, int, int]] = {}
    for sample in ids:
        name = groups.get(sample, "")
        if name:
            count, was, now = totals.get(name, (0, 0, 0))
            totals[name] = (count + 1, was + before[sample], now + after[sample])
    return dict(sorted(totals.items()))
