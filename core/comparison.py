"""Two rounds on the same samples: what was fixed, what broke, and whether the difference is more than chance.

Arithmetic on correct/wrong by sample id; knows no model and no database.
"""

from collections import Counter
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
    scores: tuple[Mapping[int, float], Mapping[int, float]] | None = None,
) -> Comparison:
    """The paired comparison of two rounds, on the samples that both have a verdict for (correct or not, by sample id).

    ``categories`` and ``skills`` name a sample's groups; a sample with none, or with "", is in no group. ``scores`` are
    those of both rounds where some lie between 0 and 1 (default: 1 or 0, as the verdict says): accuracies and their
    difference are of the scores, what was fixed or broken and McNemar's p of the verdicts. ``role`` says which set the
    figures are of. Raises ``UserError`` when the rounds share no sample.
    """
    ids = sorted(before.keys() & after.keys())
    if not ids:
        raise UserError(f"The two rounds share no {role} sample: predict the {role} set in both, then compare.")
    outcomes: dict[tuple[bool, bool], list[int]] = {(was, now): [] for was in (False, True) for now in (False, True)}
    for sample in ids:
        outcomes[before[sample], after[sample]].append(sample)
    fixed, broken = outcomes[False, True], outcomes[True, False]
    was, now = scores or (before, after)
    return Comparison(
        role=role,
        fixed=tuple(fixed),
        broken=tuple(broken),
        still_wrong=tuple(outcomes[False, False]),
        still_right=tuple(outcomes[True, True]),
        before=accuracy_interval([was[sample] for sample in ids]),
        after=accuracy_interval([now[sample] for sample in ids]),
        difference=difference_interval([now[sample] - was[sample] for sample in ids], seed=seed),
        p_value=mcnemar(len(fixed), len(broken)),
        by_category=_by_group(ids, was, now, categories),
        by_skill=_by_group(ids, was, now, skills),
    )


def accuracy_interval(scores: Sequence[float]) -> Interval:
    """The mean score with its 95 % interval (Wilson 1927, which stays inside [0, 1] for any n).

    Scores between 0 and 1 vary less than right or wrong with the same mean, so for them the interval is a little wide.
    Raises ``UserError`` for no answers at all.
    """
    n = len(scores)
    if n == 0:
        raise UserError("There are no predictions to measure: predict the set first.")
    share = sum(scores) / n
    z = float(ndtri(0.975))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # At 0 and 1 an end equals the share; rounding must not push it past.
    return Interval(value=share, low=max(0.0, min(centre - reach, share)), high=min(1.0, max(centre + reach, share)))


def difference_interval(changes: Sequence[float], *, seed: int) -> Interval:
    """The mean change of a score, with the 95 % percentile interval of 2,000 paired bootstrap resamples.

    Resampling n pairs with replacement and counting each kind of change is one multinomial draw. The kinds are a whole
    answer more, one less, what lies between, and none.
    """
    n, count = len(changes), Counter(changes)
    kinds = [1, -1, *sorted(count.keys() - {1, -1, 0}), 0]
    draws = np.random.default_rng(seed).multinomial(n, [count[kind] / n for kind in kinds], size=RESAMPLES)
    low, high = np.percentile(draws @ np.array(kinds) / n, (2.5, 97.5))
    value = sum(changes) / n
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def mcnemar(fixed: int, broken: int) -> float:
    """The exact two-sided McNemar p: how often a fair coin splits the changed samples at least this unevenly."""
    changed = fixed + broken
    return min(1.0, 2 * float(bdtr(min(fixed, broken), changed, 0.5)))


def _by_group(
    ids: Sequence[int], before: Mapping[int, float], after: Mapping[int, float], groups: Mapping[int, str]
) -> dict[str, tuple[int, float, float]]:
    """(samples, score before, score after) of each group, in the order of their names."""
    totals: dict[str, tuple[int, float, float]] = {}
    for sample in ids:
        name = groups.get(sample, "")
        if name:
            count, was, now = totals.get(name, (0, 0, 0))
            totals[name] = (count + 1, was + before[sample], now + after[sample])
    return dict(sorted(totals.items()))
