"""The job that does an experiment: its trials one after the other or some at once, each tuned and measured.

A trial is what a person would do in three jobs (select, tune, predict the test set), hidden from the project's rounds.
What is there already is found: an experiment that was cut short goes on, and one that is done does nothing. Knows the
stages; how an arm chooses is ``app.arms``'s business, what came out ``app.outcomes``'s.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.arms import ask_for, chosen_by
from app.at_once import side_by_side
from app.batches import Advance, Stop, nothing_to_save
from app.models import Models, adapter_path
from app.projects import job_project
from app.stages import run_predict
from app.tuning_stages import run_tune
from core.errors import UserError
from core.experiment import plan
from core.types import Selection, StudentSettings, Trial, TuningSettings
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project


def run_experiment(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The trials of ``args`` (round id, arms, budgets, seeds, at_once) that are not measured yet."""
    base = job.args["round"]
    with db.read() as c:
        project = job_project(c, job)
        setup = setup_of(c, project, base)
    planned = plan(job.args["arms"], job.args["budgets"], job.args["seeds"])
    begin = partial(_begun, project=project.id, base=base, setup=setup, planned=planned)
    yield replace(nothing_to_save(0, len(planned), "the base model answers the test set"), save=begin)
    yield from _told(run_predict(db, _as(job, round=base, roles=["test"]), models, stop), 0, len(planned), "untuned")
    with db.read() as c:
        trials = [each for each in store.trials_of(c, base, setup) if (each.arm, each.budget, each.seed) in planned]
        open_ = [each for each in trials if not is_measured(db, c, each)]
    done = len(trials) - len(open_)
    yield nothing_to_save(done, len(planned))
    if job.args.get("at_once", 1) > 1 and open_:
        yield from side_by_side(db, job, open_, stop, at_once=job.args["at_once"], done=done, total=len(planned))
    else:
        for number, trial in enumerate(open_, done):
            yield from _told(run_trial(db, job, trial, models, stop), number, len(planned), name_of(trial))
            yield nothing_to_save(number + 1, len(planned))
    with db.read() as c:
        asked = {each.id for each in open_}
        refused = [each for each in store.trials_of(c, base, setup) if each.id in asked and each.refused]
    if refused:
        said = f"{len(refused)} could not be done, such as {name_of(refused[0])}: {refused[0].refused}"
        yield nothing_to_save(len(planned), len(planned), said)


def run_trial(db: Database, job: Job, trial: Trial, models: Models, stop: Stop) -> Iterator[Advance]:
    """One trial from wherever it stands: choose, tune, measure. Its adapter goes once it is measured: it is for nothing
    else, and a hundred of them would fill a disk. What keeps it from being done is recorded: the others go on.
    """
    refused = ""
    try:
        yield from _parts(db, job, trial, models, stop)
    except UserError as error:
        refused = str(error)
    if refused != trial.refused:
        yield replace(nothing_to_save(0, 0), save=partial(store.advance_trial, trial=trial.id, refused=refused))


def _parts(db: Database, job: Job, trial: Trial, models: Models, stop: Stop) -> Iterator[Advance]:
    with db.read() as c:
        project = job_project(c, job)
    yield from ask_for(db, project, trial, models, stop)
    if trial.selection is None:
        chosen = chosen_by(db, project, trial, models)
        yield replace(nothing_to_save(0, 0, "selected"), save=partial(_with_selection, trial=trial, chosen=chosen))
    yield replace(nothing_to_save(0, 0), save=partial(_with_run, trial=trial.id, project=project))
    with db.read() as c:
        run = store.trial_of(c, trial.id).run
    yield from run_tune(db, _as(job, run=run), models, stop)
    with db.read() as c:
        opened = store.trial_of(c, trial.id).round
    yield from run_predict(db, _as(job, round=opened, roles=["test"]), models, stop)
    shutil.rmtree(db.adapters / f"run-{run}", ignore_errors=True)


def setup_of(c: Connection, project: Project, base: int) -> str:
    """A short hash of what decides a trial's outcome beside its arm, budget and seed: another one makes trials anew.

    Settings that were left alone are no part of it, so that one that Switchpoint learns later changes no hash.
    """
    settings = project.settings
    named = settings.support or [each.name for each in store.support_sets(c)]
    usual = TuningSettings()
    tuned = _changed(replace(settings.tuning, seed=usual.seed, checkpoint_every=usual.checkpoint_every), usual)
    loaded = _changed(settings.student, StudentSettings())
    decides: list[object] = [project.student, project.teacher, tuned, loaded, settings.prompts]
    cases = store.accepted_cases(c, base)
    rulings = store.rulings_of(c, project.id, {skill for _, _, skill in cases})
    decides += [settings.max_new_tokens, named, cases]
    decides += [(each.act, each.skill, each.sample, each.task) for each in rulings]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def is_measured(db: Database, c: Connection, trial: Trial) -> bool:
    """Whether the trial's student answered the test set; one whose adapter has gone is not asked again."""
    if trial.round is None:
        return False
    adapter = adapter_path(db, store.round_of(c, trial.round).adapter)
    gone = adapter is not None and not adapter.exists()
    return gone or not store.missing_predictions(c, trial.round, "test")


def name_of(trial: Trial) -> str:
    """A trial as people are told of it: "targeted 500, seed 2"."""
    size = f" {trial.budget:,}" if trial.budget else ""
    return f"{trial.arm.replace('_', ' ')}{size}, seed {trial.seed}"


def _changed(settings: Any, usual: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(settings).items() if value != getattr(usual, name)}


def _begun(c: Connection, project: int, base: int, setup: str, planned: list[tuple[str, int, int]]) -> None:
    for arm, budget, seed in planned:
        asked = Trial(project=project, base=base, setup=setup, arm=arm, budget=budget, seed=seed)  # type: ignore[arg-type]
        trial = store.begin_trial(c, asked)
        if arm == "untuned":
            store.advance_trial(c, trial.id, round=base)


def _with_selection(c: Connection, trial: Trial, chosen: Selection) -> None:
    store.advance_trial(c, trial.id, selection=store.save_selection(c, chosen).id)


def _with_run(c: Connection, trial: int, project: Project) -> None:
    """The trial's run: the one it has, or one with the project's settings and the trial's seed."""
    known = store.trial_of(c, trial)
    if known.run is None:
        assert known.selection is not None, "a trial chooses before it tunes"
        settings = replace(project.settings.tuning, seed=known.seed)
        run = store.create_run(
            c, project=project.id, selection=known.selection, from_round=known.base, settings=settings
        )
        store.advance_trial(c, trial, run=run.id)


def _as(job: Job, **args: object) -> Job:
    """The job as the stages know it, for a part of an experiment."""
    return replace(job, args=args)


def _told(advances: Iterator[Advance], done: int, total: int, name: str) -> Iterator[Advance]:
    """A trial's own progress as a message of the experiment, whose progress is counted in trials."""
    for each in advances:
        part = f"{each.done:,} of {each.total:,}" if each.total else ""
        said = " · ".join(word for word in (name, part, each.message) if word)
        yield replace(each, done=done, total=total, message=said)
