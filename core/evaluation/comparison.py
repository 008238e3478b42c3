"""Compare two rounds on the same samples: what was fixed, what broke, whether that is significant, and the
regression gate."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import bdtr, ndtri

from core.errors import UserError
from core.types import Comparison, Gate, GroupChange, Interval, Role

BOOTSTRAP_RESAMPLES = 2_000
SIGNIFICANCE_LEVEL = 0.05


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
    """The paired comparison of two rounds on the samples that both have results for (correct or not, by sample id).

    ``categories`` and ``skills`` name a sample's groups; a sample without one, or with "", is in no group. ``scores``
    are those of both rounds where some lie between 0 and 1 (by default 1 or 0): accuracies and their difference use the
    scores; what was fixed or broken, and McNemar's p, use correct or not. Raises UserError when the rounds share no
    sample.
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
        p_value=mcnemar_p_value(len(fixed), len(broken)),
        by_category=_by_group(outcomes, was, now, categories),
        by_skill=_by_group(outcomes, was, now, skills),
    )


def gate(found: Comparison) -> Gate:
    """Whether nothing broke significantly: overall, in a category, or in a skill.

    Significant means that more broke than was fixed and that the exact McNemar p is below 0.05; in groups it is the p
    after Holm's correction, which bounds the chance of one false alarm among all categories (or all skills) by 5 %.
    """
    fixed, broken = len(found.fixed), len(found.broken)
    findings = []
    if broken > fixed and found.p_value < SIGNIFICANCE_LEVEL:
        findings.append(
            f"More broke than was fixed on the {found.role} set: {broken:,} broken, {fixed:,} fixed, "
            f"p {format_p_value(found.p_value)}."
        )
    for kind, groups in (("category", found.by_category), ("skill", found.by_skill)):
        findings += [
            f"Broken in {kind} “{each.name}” is significant: {each.broken:,} broken, {each.fixed:,} fixed of "
            f"{each.samples:,}, p {format_p_value(each.corrected)} after correction for {len(groups):,} groups."
            for each in sorted(groups, key=lambda each: each.corrected)
            if each.significantly_broken
        ]
    if findings:
        return Gate(passed=False, findings=tuple(findings))
    categories = len(found.by_category)
    scope = f"in {categories:,} categories" if categories > 1 else "over all samples"
    passed = f"Nothing broke significantly on the {found.role} set ({scope}): {fixed:,} fixed, {broken:,} broken."
    return Gate(passed=True, findings=(passed,))


def format_p_value(value: float) -> str:
    """A p value as text: "= 0.031", "< 0.001"."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def accuracy_interval(scores: Sequence[float]) -> Interval:
    """The mean score with its 95 % interval (Wilson 1927, which stays inside [0, 1] for any n).

    For scores between 0 and 1 the interval is slightly conservative. Raises UserError without scores.
    """
    n = len(scores)
    if n == 0:
        raise UserError("There are no predictions to measure: predict the set first.")
    share = sum(scores) / n
    z = float(ndtri(0.975))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # At 0 and 1 a bound equals the share; rounding must not push it past.
    return Interval(value=share, low=max(0.0, min(centre - reach, share)), high=min(1.0, max(centre + reach, share)))


def difference_interval(changes: Sequence[float], *, seed: int) -> Interval:
    """The mean change of a score, with the 95 % percentile interval of 2,000 paired bootstrap resamples.

    Resampling n pairs with replacement and counting each kind of change is one multinomial draw. The kinds are +1, −1,
    the values between, and 0.
    """
    n, count = len(changes), Counter(changes)
    kinds = [1, -1, *sorted(count.keys() - {1, -1, 0}), 0]
    draws = np.random.default_rng(seed).multinomial(n, [count[kind] / n for kind in kinds], size=BOOTSTRAP_RESAMPLES)
    low, high = np.percentile(draws @ np.array(kinds) / n, (2.5, 97.5))
    value = sum(changes) / n
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def mcnemar_p_value(fixed: int, broken: int) -> float:
    """The exact two-sided McNemar p: how often a fair coin splits the changed samples at least this unevenly."""
    changed = fixed + broken
    return min(1.0, 2 * float(bdtr(min(fixed, broken), changed, 0.5)))


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's correction (1979), in the given order: each at least as large as before, at most 1."""
    corrected, largest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected


def _by_group(
    outcomes: Mapping[tuple[bool, bool], Sequence[int]],
    before: Mapping[int, float],
    after: Mapping[int, float],
    groups: Mapping[int, str],
) -> tuple[GroupChange, ...]:
    """The change of each group, sorted by name; ``outcomes`` maps (correct before, correct after) to ids."""
    counts: dict[str, Counter[tuple[bool, bool]]] = {}
    scores: dict[str, list[float]] = {}
    for outcome, samples in outcomes.items():
        for sample in samples:
            name = groups.get(sample, "")
            if name:
                counts.setdefault(name, Counter())[outcome] += 1
                total = scores.setdefault(name, [0.0, 0.0])
                total[0] += before[sample]
                total[1] += after[sample]
    names = sorted(counts)
    p_values = [mcnemar_p_value(counts[name][False, True], counts[name][True, False]) for name in names]
    changes = zip(names, p_values, holm_correction(p_values), strict=True)
    return tuple(_group_change(name, counts[name], scores[name], p, corrected) for name, p, corrected in changes)


def _group_change(
    name: str, count: Mapping[tuple[bool, bool], int], scores: Sequence[float], p_value: float, corrected: float
) -> GroupChange:
    fixed, broken = count[False, True], count[True, False]
    samples = sum(count.values())
    return GroupChange(
        name=name,
        fixed=fixed,
        broken=broken,
        still_wrong=count[False, False],
        still_right=count[True, True],
        before=scores[0] / samples,
        after=scores[1] / samples,
        p_value=p_value,
        corrected=corrected,
        significantly_broken=corrected < SIGNIFICANCE_LEVEL and broken > fixed,
    )
