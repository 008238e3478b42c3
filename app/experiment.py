"""The experiment: no tuning, random samples and targeted samples, each with several seeds, on the same test set.

Goes through the same jobs as a person would. What was done before (the same arm, budget and seed) is found and used
again, so an experiment that was cut short goes on. Knows no model; ``finish`` waits for a job.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from app import actions
from app.projects import find_project, find_round
from core.errors import UserError
from core.types import Interval, SkillDemand, TuningSettings
from storage import store
from storage.database import Database
from storage.jobs import Job

Arm = Literal["targeted", "random"]
ARMS: tuple[Arm, ...] = ("targeted", "random")
DRAWS = 4000


def run_experiment(
    db: Database, project: str, *, budget: int, seeds: Iterable[int], finish: Callable[[Job], object], reviewer: str
) -> dict[str, Any]:
    """Predict, diagnose and tune what is missing, then ``{"accuracy": {arm: {mean, low, high, seeds}}, …}``.

    Where no skill of round 0 is accepted yet, every diagnosis without a verdict is, in the name of ``reviewer``.
    """
    finish(actions.put_predict(db, project, round=0))
    if not _accepted(db, project):
        finish(actions.put_diagnose(db, project, round=0))
        actions.accept_all(db, project, reviewer=reviewer, round=0)
    rounds: dict[str, list[int]] = {"before": [0]}
    for seed in seeds:
        for arm in ARMS:
            rounds.setdefault(arm, []).append(run_arm(db, project, arm, budget=budget, seed=seed, finish=finish))
    return {"project": project, "budget": budget, "set": "test", "rounds": rounds} | measure(db, project, rounds)


def run_arm(db: Database, project: str, arm: Arm, *, budget: int, seed: int, finish: Callable[[Job], object]) -> int:
    """Select, tune and predict the test set for one arm and seed; returns the number of the round that it opened."""
    selection = _selection_made(db, project, arm, budget, seed)
    if selection is None:
        selection = actions.make_selection(db, project, budget=budget, round=0, seed=seed, arm=arm).id
    number = _round_opened(db, project, selection, seed)
    if number is None:
        finish(actions.put_tune(db, project, selection=selection, seed=seed))
        number = _round_opened(db, project, selection, seed)
        assert number is not None, "a finished tuning run opens a round"
    finish(actions.put_predict(db, project, round=number, roles=("test",)))
    return number


def measure(db: Database, project: str, rounds: dict[str, list[int]]) -> dict[str, Any]:
    """Accuracy of each arm on the test set and the differences, with 95 % intervals over seeds and samples."""
    with db.read() as connection:
        found = find_project(connection, project)
        scores = {
            arm: [store.scores(connection, find_round(connection, found, each).id, "test") for each in numbers]
            for arm, numbers in rounds.items()
        }
    common = sorted(set.intersection(*({*score} for each in scores.values() for score in each)))
    if not common:
        raise UserError(
            f"'{project}' has no test set to measure on: `switchpoint import test PATH --project {project}`."
        )
    right = {arm: np.array([[score[key] for key in common] for score in each], float) for arm, each in scores.items()}
    accuracy = {arm: interval_row(matrix) for arm, matrix in right.items()}
    differences = {
        "targeted_minus_before": interval_row(right["targeted"] - right["before"]),
        "targeted_minus_random": interval_row(right["targeted"] - right["random"]),
    }
    return {"accuracy": accuracy, "difference": differences, "samples": len(common)}


def interval_row(matrix: "np.ndarray[Any, Any]") -> dict[str, Any]:
    """The mean of a (seeds × samples) matrix with the 95 % interval of a bootstrap that redraws both."""
    found = crossed_interval(matrix)
    return {"mean": found.value, "low": found.low, "high": found.high, "seeds": len(matrix)}


def crossed_interval(matrix: "np.ndarray[Any, Any]", seed: int = 0) -> Interval:
    """Seeds and samples are both drawn anew, with replacement: the interval covers the luck of either."""
    rng = np.random.default_rng(seed)
    rows, columns = matrix.shape
    # How often each seed and each sample is drawn, as weights: the mean of a draw is a product of matrices.
    seeds = rng.multinomial(rows, np.full(rows, 1 / rows), DRAWS) / rows
    samples = rng.multinomial(columns, np.full(columns, 1 / columns), DRAWS) / columns
    means = np.einsum("dr,rc,dc->d", seeds, matrix, samples, optimize=True)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(value=float(matrix.mean()), low=float(low), high=float(high))


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of independent values with the 95 % interval of a bootstrap over them."""
    return crossed_interval(np.array([values], float))


def _accepted(db: Database, project: str) -> tuple[SkillDemand, ...]:
    with db.read() as connection:
        return tuple(store.accepted_skills(connection, find_round(connection, find_project(connection, project), 0).id))


def _selection_made(db: Database, project: str, arm: Arm, budget: int, seed: int) -> int | None:
    """The id of a selection of round 0 made before with the same arm, budget, seed and accepted skills."""
    with db.read() as connection:
        found = find_project(connection, project)
        base = find_round(connection, found, 0).id
        demands = _accepted(db, project) if arm == "targeted" else ()
        for each in store.selections_of(connection, found.id):
            if (each.round, each.arm, each.budget, each.seed, each.demands) == (base, arm, budget, seed, demands):
                return each.id
    return None


def _round_opened(db: Database, project: str, selection: int, seed: int) -> int | None:
    """The number of the round that a finished run on the selection with this tuning seed opened."""
    with db.read() as connection:
        found = find_project(connection, project)
        wanted: TuningSettings = replace(found.settings.tuning, seed=seed)
        runs = {
            run.id
            for run in store.runs_of(connection, found.id)
            if run.selection == selection and run.settings == wanted
        }
        opened = [each.number for each in store.rounds_of(connection, found.id) if each.run in runs]
    return opened[0] if opened else None
