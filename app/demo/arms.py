"""The arms that ``make demo`` runs, targeted and random, as rounds that the page shows.

Uses the same jobs as a person would (experiments with every arm are ``app.experiments``). Selections and runs with the
same arm, budget and seed are reused.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from app.jobs.queue import put_predict, put_tune
from app.projects.lookup import find_project, find_round
from app.selections.draw import make_selection
from core.errors import UserError
from core.evaluation.experiment import crossed_interval
from core.types import SkillDemand, TuningSettings
from storage import store
from storage.database import Database
from storage.jobs import Job

Arm = Literal["targeted", "random"]
ARMS: tuple[Arm, ...] = ("targeted", "random")


def run_arm(db: Database, project: str, arm: Arm, *, budget: int, seed: int, finish: Callable[[Job], object]) -> int:
    """Select, tune and predict the test set for one arm and seed; returns the number of the new round.

    ``finish`` runs a job to its end.
    """
    selection = _find_selection(db, project, arm, budget, seed)
    if selection is None:
        selection = make_selection(db, project, budget=budget, round_number=0, seed=seed, arm=arm).id
    number = _find_opened_round(db, project, selection, seed)
    if number is None:
        finish(put_tune(db, project, selection=selection, seed=seed))
        number = _find_opened_round(db, project, selection, seed)
        assert number is not None, "a finished tuning run opens a round"
    finish(put_predict(db, project, round_number=number, roles=("test",)))
    return number


def measure(db: Database, project: str, rounds: dict[str, list[int]]) -> dict[str, Any]:
    """Accuracy of each arm on the test set and the differences, with 95 % intervals over seeds and samples.

    ``rounds`` are the numbers of the rounds by arm. Raises UserError where there is no test set.
    """
    with db.read() as connection:
        found = find_project(connection, project)
        scores = {
            arm: [
                store.prediction_scores(connection, find_round(connection, found, each).id, "test") for each in numbers
            ]
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
    """The mean of a (seeds × samples) matrix with the 95 % interval of a bootstrap that resamples both."""
    found = crossed_interval(matrix)
    return {"mean": found.value, "low": found.low, "high": found.high, "seeds": len(matrix)}


def _accepted_skills(db: Database, project: str) -> tuple[SkillDemand, ...]:
    with db.read() as connection:
        return tuple(store.accepted_skills(connection, find_round(connection, find_project(connection, project), 0).id))


def _find_selection(db: Database, project: str, arm: Arm, budget: int, seed: int) -> int | None:
    """The id of an existing selection of round 0 with the same arm, budget, seed and accepted skills."""
    with db.read() as connection:
        found = find_project(connection, project)
        base = find_round(connection, found, 0).id
        demands = _accepted_skills(db, project) if arm == "targeted" else ()
        for each in store.selections_of(connection, found.id):
            if (each.round, each.arm, each.budget, each.seed, each.demands) == (base, arm, budget, seed, demands):
                return each.id
    return None


def _find_opened_round(db: Database, project: str, selection: int, seed: int) -> int | None:
    """The number of the round of a finished run on the selection with this tuning seed."""
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
