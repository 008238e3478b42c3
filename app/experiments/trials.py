"""The job that does an experiment: its trials one after the other or some at once, each tuned and measured.

A trial is what a person would do in three jobs (select, tune, predict the test set), hidden from the project's rounds.
What is there already is found: an experiment that was cut short goes on, and one that is done does nothing. Knows the
stages; how an arm chooses is ``app.experiments.arms``'s business, what came out ``app.experiments.results``'s.
"""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from app.model_inputs import adapter_path
from core.types import StudentSettings, Trial, TuningSettings
from storage import store
from storage.database import Database
from storage.store import Project


def setup_of(connection: Connection, project: Project, base: int) -> str:
    """A short hash of what decides a trial's outcome beside its arm, budget and seed: another one makes trials anew.

    Settings that were left alone are no part of it, so that one that Switchpoint learns later changes no hash.
    """
    settings = project.settings
    named = settings.support or [each.name for each in store.support_sets(connection)]
    usual = TuningSettings()
    tuned = _changed(replace(settings.tuning, seed=usual.seed, checkpoint_every=usual.checkpoint_every), usual)
    loaded = _changed(settings.student, StudentSettings())
    decides: list[object] = [project.student, project.teacher, tuned, loaded, settings.prompts]
    cases = store.accepted_cases(connection, base)
    rulings = store.rulings_of(connection, project.id, {skill for _, _, skill in cases})
    decides += [settings.max_new_tokens, named, cases]
    decides += [(each.act, each.skill, each.sample, each.task) for each in rulings]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def is_measured(db: Database, connection: Connection, trial: Trial) -> bool:
    """Whether the trial's student answered the test set; one whose adapter has gone is not asked again."""
    if trial.round is None:
        return False
    adapter = adapter_path(db, store.round_of(connection, trial.round).adapter)
    gone = adapter is not None and not adapter.exists()
    return gone or not store.missing_predictions(connection, trial.round, "test")


def name_of(trial: Trial) -> str:
    """A trial as people are told of it: "targeted 500, seed 2"."""
    size = f" {trial.budget:,}" if trial.budget else ""
    return f"{trial.arm.replace('_', ' ')}{size}, seed {trial.seed}"


def _changed(settings: Any, usual: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(settings).items() if value != getattr(usual, name)}
