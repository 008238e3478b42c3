"""An experiment's results: accuracy of each arm over seeds, paired tests against the targeted arm, and as Markdown.

Read from the measured trials, on the test samples that all of them answered.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.experiments.trials import setup_hash, trial_name
from app.projects.lookup import find_project, find_round
from core.evaluation.experiment import ARMS, ArmOutcome, PairedDifference, arm_outcome, paired_difference
from core.evaluation.identification import IdentificationResult
from core.types import BUDGETED_ARMS, Arm, Trial
from storage import store
from storage.database import Database

NAMES: dict[str, str] = {
    "untuned": "no tuning",
    "random": "random samples (no targeted retrieval)",
    "insta": "nearest instructions (INSTA*-style)",
    "random_step": "targeted at a random step (no mistake identification)",
    "step_text": "targeted by the step's text (no skill analysis)",
    "targeted": "targeted (ours)",
    "validation": "the validation samples",
    "full": "the whole support set",
    "any_step": "a step at random",
    "prompt_per_step": "asking about each step",
    "pseudo_rationale": "diverging from a rationale for the truth",
    "answer_switch": "answer switch (ours)",
}


CACHE_SIZE = 4
_cache: dict[object, "Results"] = {}


@dataclass(frozen=True, kw_only=True)
class Results:
    """``outcomes`` by arm and budget; ``tests`` of the targeted arm against every other arm at the same budget.

    ``samples`` test samples were answered by all trials; ``open`` trials are not measured yet; ``refused`` are the
    trials that could not be done, with the reason; ``others`` trials have other settings or verdicts and do not count.
    """

    outcomes: tuple[ArmOutcome, ...]
    tests: tuple[PairedDifference, ...]
    samples: int
    open: int
    refused: tuple[tuple[str, str], ...]
    others: int


def results(db: Database, project: str, round_number: int | None = None) -> Results:
    """The results from the round (default: the base model's), cached until another trial is measured."""
    with db.read() as connection:
        found = find_project(connection, project)
        base = find_round(connection, found, round_number or 0).id
        trials = store.trials_of(connection, base)
        setup = setup_hash(connection, found, base)
        mine = [each for each in trials if each.setup == setup]
        answers, newest = store.trial_answer_counts(connection, {each.round for each in mine if each.round is not None})
        # A trial whose round is not measured, or not on the whole test set, is still open.
        complete = max(answers.values(), default=0)
        done = tuple(each for each in mine if each.round is not None and answers[each.round] == complete > 0)
        key = (db.data, done, newest)
        if key not in _cache:
            _cache[key] = _compute_results(
                {
                    each: store.prediction_scores(connection, each.round, "test")
                    for each in done
                    if each.round is not None
                }
            )
            for old in list(_cache)[:-CACHE_SIZE]:
                del _cache[old]
    refused = [each for each in mine if each.refused and each not in done]
    return replace(
        _cache[key],
        open=len(mine) - len(done) - len(refused),
        refused=tuple((trial_name(each), each.refused) for each in refused),
        others=len(trials) - len(mine),
    )


def _compute_results(scores: dict[Trial, dict[int, float]]) -> Results:
    common = sorted(set.intersection(*({*each} for each in scores.values()))) if scores else []
    grouped: dict[tuple[Arm, int], list[Trial]] = {}
    for each in sorted(scores, key=lambda each: (ARMS.index(each.arm), each.budget, each.seed)):
        grouped.setdefault((each.arm, each.budget), []).append(each)
    rows = {
        key: np.array([[scores[each][sample] for sample in common] for each in some], float)
        for key, some in grouped.items()
    }
    return Results(
        outcomes=tuple(
            arm_outcome(arm, budget, max(each.chosen for each in some), [each.seed for each in some], rows[arm, budget])
            for (arm, budget), some in grouped.items()
        ),
        tests=tuple(_paired_tests(grouped, rows)),
        samples=len(common),
        open=0,
        refused=(),
        others=0,
    )


def _paired_tests(
    grouped: dict[tuple[Arm, int], list[Trial]], rows: dict[tuple[Arm, int], NDArray[np.float64]]
) -> list[PairedDifference]:
    """Targeted against every other arm, at each budget, on the seeds that both have."""
    found = []
    for (arm, budget), trials in grouped.items():
        if arm != "targeted":
            continue
        for (other, size), others in grouped.items():
            if other == "targeted" or (other in BUDGETED_ARMS and size != budget):
                continue
            mine = {each.seed: row for each, row in zip(trials, rows[arm, budget], strict=True)}
            theirs = {each.seed: row for each, row in zip(others, rows[other, size], strict=True)}
            if other == "untuned":
                theirs = dict.fromkeys(mine, rows[other, size][0])
            seeds = sorted(mine.keys() & theirs.keys())
            if seeds:
                first, second = (np.array([each[seed] for seed in seeds]) for each in (mine, theirs))
                found.append(paired_difference(arm, other, budget, first, second))
    return found


def tuned_on_text(found: ArmOutcome) -> str:
    """How many samples an arm was tuned on, "of" the budget where its skills had too few samples."""
    return f"{found.chosen:,} of {found.budget:,}" if found.chosen < found.budget else f"{found.chosen:,}"


def markdown(found: Results, ways: list[IdentificationResult]) -> str:
    """The tables as Markdown; percentages with 95 % intervals, mean ± s.d. over seeds."""
    lines: list[str] = []
    if found.outcomes:
        lines += [
            "| arm | tuned on | seeds | test accuracy, mean ± s.d. | 95 % interval |",
            "|---|---:|---:|---:|---:|",
        ]
        for each in found.outcomes:
            spread = f" ± {each.deviation:.1%}" if len(each.seeds) > 1 else ""
            lines.append(
                f"| {NAMES[each.arm]} | {tuned_on_text(each)} | {len(each.seeds)} | {each.mean.value:.1%}{spread} "
                f"| {each.mean.low:.1%} to {each.mean.high:.1%} |"
            )
    lines += [f"\nNot done: {name}. {reason}" for name, reason in found.refused]
    if found.tests:
        lines += ["", "| targeted minus | budget | points | 95 % interval | p |", "|---|---:|---:|---:|---:|"]
        for test in found.tests:
            gap = test.difference
            lines.append(
                f"| {NAMES[test.against]} | {test.budget:,} | {100 * gap.value:+.1f} "
                f"| {100 * gap.low:+.1f} to {100 * gap.high:+.1f} | {test.p_value:.2g} |"
            )
    lines += _mermaid_chart(found)
    if ways:
        lines += [
            "",
            "| mistake step found by | exact | 95 % interval | within one step | settings, chosen on the other half |",
            "|---|---:|---:|---:|---|",
        ]
        for way in ways:
            lines.append(
                f"| {NAMES.get(way.method, way.method)} | {way.exact.value:.1%} | {way.exact.low:.1%} to "
                f"{way.exact.high:.1%} | {way.near.value:.1%} | {way.settings} |"
            )
    return "\n".join(lines) + "\n"


def _mermaid_chart(found: Results) -> list[str]:
    """Accuracy against budget as a Mermaid chart, which GitHub renders; [] for fewer than two budgets."""
    budgets = sorted({each.budget for each in found.outcomes if each.arm in BUDGETED_ARMS})
    shares = {(each.arm, each.budget): 100 * each.mean.value for each in found.outcomes}
    arms = [arm for arm in ARMS if all((arm, budget) in shares for budget in budgets)]
    if len(budgets) < 2 or not arms:
        return []
    arms.sort(key=lambda arm: -shares[arm, budgets[-1]])
    values = [shares[arm, budget] for arm in arms for budget in budgets]
    return [
        "",
        f"Lines from top to bottom at {budgets[-1]:,}: {'; '.join(NAMES[arm] for arm in arms)}.",
        "",
        "```mermaid",
        "xychart-beta",
        f'    x-axis "samples tuned on" [{", ".join(map(str, budgets))}]',
        f'    y-axis "test accuracy, %" {int(min(values)) // 10 * 10} --> 100',
        *(f"    line [{', '.join(f'{shares[arm, budget]:.1f}' for budget in budgets)}]" for arm in arms),
        "```",
    ]
