"""One trial of an experiment: select, tune, predict the test set, hidden from the project's rounds."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from app.engines.engine import Engine
from app.experiments.arms import ask_teacher_for_arm, choose_samples
from app.jobs.predict import run_predict
from app.jobs.tune import run_tune
from app.progress import Advance, ShouldStop, nothing_to_save
from app.projects.lookup import job_project
from core.errors import UserError
from core.types import Selection, Trial
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project


def run_trial(db: Database, job: Job, trial: Trial, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """Choose, tune and measure, from where the trial stands.

    Its adapter is deleted once it is measured, since a hundred of them would fill a disk. A UserError is recorded as
    the trial's ``refused``, and the other trials go on.
    """
    refused = ""
    try:
        yield from _stages(db, job, trial, engine, should_stop)
    except UserError as error:
        refused = str(error)
    if refused != trial.refused:
        yield replace(nothing_to_save(0, 0), save=partial(store.advance_trial, trial=trial.id, refused=refused))


def _stages(db: Database, job: Job, trial: Trial, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    with db.read() as connection:
        project = job_project(connection, job)
    yield from ask_teacher_for_arm(db, project, trial, engine, should_stop)
    if trial.selection is None:
        chosen = choose_samples(db, project, trial, engine)
        yield replace(nothing_to_save(0, 0, "selected"), save=partial(_save_selection, trial=trial, chosen=chosen))
    yield replace(nothing_to_save(0, 0), save=partial(_ensure_run, trial=trial.id, project=project))
    with db.read() as connection:
        run = store.trial_of(connection, trial.id).run
    yield from run_tune(db, with_args(job, run=run), engine, should_stop)
    with db.read() as connection:
        opened = store.trial_of(connection, trial.id).round
    yield from run_predict(db, with_args(job, round=opened, roles=["test"]), engine, should_stop)
    shutil.rmtree(db.adapters / f"run-{run}", ignore_errors=True)


def _save_selection(connection: Connection, trial: Trial, chosen: Selection) -> None:
    store.advance_trial(connection, trial.id, selection=store.save_selection(connection, chosen).id)


def _ensure_run(connection: Connection, trial: int, project: Project) -> None:
    """Create the trial's run where it has none, with the project's settings and the trial's seed."""
    known = store.trial_of(connection, trial)
    if known.run is None:
        assert known.selection is not None, "a trial chooses before it tunes"
        settings = replace(project.settings.tuning, seed=known.seed)
        run = store.create_run(
            connection, project=project.id, selection=known.selection, from_round=known.base, settings=settings
        )
        store.advance_trial(connection, trial, run=run.id)


def with_args(job: Job, **args: object) -> Job:
    """The job with the arguments of a part of an experiment."""
    return replace(job, args=args)
