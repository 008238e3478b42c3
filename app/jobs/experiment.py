"""The experiment job: its trials, one after the other or several at the same time."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from app.engines.engine import Engine
from app.experiments.trials import is_measured, setup_hash, trial_name
from app.jobs.predict import run_predict
from app.jobs.trials.trial import run_trial, with_args
from app.jobs.trials.trial_pool import run_in_pool
from app.progress import Advance, ShouldStop, nothing_to_save
from app.projects.lookup import job_project
from core.evaluation.experiment import plan_trials
from core.types import Arm, RoundId, Trial
from storage import store
from storage.database import Database
from storage.jobs import Job


def run_experiment(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """The trials of ``args`` (round id, arms, budgets, seeds, at_once) that are not measured yet."""
    base = job.args["round"]
    with db.read() as connection:
        project = job_project(connection, job)
        setup = setup_hash(connection, project, base)
    planned = plan_trials(job.args["arms"], job.args["budgets"], job.args["seeds"])
    begin = partial(_begin_trials, project=project.id, base=base, setup=setup, planned=planned)
    yield replace(nothing_to_save(0, len(planned), "the base model answers the test set"), save=begin)
    yield from _as_experiment_progress(
        run_predict(db, with_args(job, round=base, roles=["test"]), engine, should_stop), 0, len(planned), "untuned"
    )
    with db.read() as connection:
        trials = [
            each for each in store.trials_of(connection, base, setup) if (each.arm, each.budget, each.seed) in planned
        ]
        open_ = [each for each in trials if not is_measured(db, connection, each)]
    done = len(trials) - len(open_)
    yield nothing_to_save(done, len(planned))
    if job.args.get("at_once", 1) > 1 and open_:
        yield from run_in_pool(db, job, open_, should_stop, at_once=job.args["at_once"], done=done, total=len(planned))
    else:
        for number, trial in enumerate(open_, done):
            yield from _as_experiment_progress(
                run_trial(db, job, trial, engine, should_stop), number, len(planned), trial_name(trial)
            )
            yield nothing_to_save(number + 1, len(planned))
    with db.read() as connection:
        asked = {each.id for each in open_}
        refused = [each for each in store.trials_of(connection, base, setup) if each.id in asked and each.refused]
    if refused:
        said = f"{len(refused)} could not be done, such as {trial_name(refused[0])}: {refused[0].refused}"
        yield nothing_to_save(len(planned), len(planned), said)


def _begin_trials(
    connection: Connection, project: int, base: RoundId, setup: str, planned: list[tuple[Arm, int, int]]
) -> None:
    for arm, budget, seed in planned:
        asked = Trial(project=project, base=base, setup=setup, arm=arm, budget=budget, seed=seed)
        trial = store.begin_trial(connection, asked)
        if arm == "untuned":
            store.advance_trial(connection, trial.id, round=base)


def _as_experiment_progress(advances: Iterator[Advance], done: int, total: int, name: str) -> Iterator[Advance]:
    """A trial's advances with its own progress as the message; an experiment counts trials."""
    for each in advances:
        part = f"{each.done:,} of {each.total:,}" if each.total else ""
        said = " · ".join(word for word in (name, part, each.message) if word)
        yield replace(each, done=done, total=total, message=said)
