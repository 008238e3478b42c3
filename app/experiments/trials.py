"""Trials of an experiment: the hash of their set-up, whether one is measured, and their names.

A trial does what a person would do in three jobs (select, tune, predict the test set), hidden from the project's
rounds; ``app.jobs.trials.trial`` runs one.
"""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from app.model_inputs import adapter_path
from core.types import RoundId, StudentSettings, Trial, TuningSettings
from storage import store
from storage.database import Database
from storage.store import Project


def setup_hash(connection: Connection, project: Project, base: RoundId) -> str:
    """A short hash of what determines a trial's outcome beside its arm, budget and seed; trials are reused by it.

    Settings at their defaults are left out, so that a setting that is added later changes no hash.
    """
    settings = project.settings
    named = settings.support or [each.name for each in store.support_sets(connection)]
    default = TuningSettings()
    compared = replace(settings.tuning, seed=default.seed, checkpoint_every=default.checkpoint_every)
    tuned = _changed_settings(compared, default)
    loaded = _changed_settings(settings.student, StudentSettings())
    decides: list[object] = [project.student, project.teacher, tuned, loaded, settings.prompts]
    cases = store.accepted_cases(connection, base)
    rulings = store.rulings_of(connection, project.id, {skill for _, _, skill in cases})
    decides += [settings.max_new_tokens, named, cases]
    decides += [(each.act, each.skill, each.sample, each.task) for each in rulings]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def is_measured(db: Database, connection: Connection, trial: Trial) -> bool:
    """Whether the trial's student answered the whole test set, or can no longer because its adapter was deleted."""
    if trial.round is None:
        return False
    adapter = adapter_path(db, store.round_of(connection, trial.round).adapter)
    gone = adapter is not None and not adapter.exists()
    return gone or not store.missing_predictions(connection, trial.round, "test")


def trial_name(trial: Trial) -> str:
    """A trial as it is shown: "targeted 500, seed 2"."""
    size = f" {trial.budget:,}" if trial.budget else ""
    return f"{trial.arm.replace('_', ' ')}{size}, seed {trial.seed}"


def _changed_settings(settings: Any, default: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(settings).items() if value != getattr(default, name)}
