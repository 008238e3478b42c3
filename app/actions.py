"""What the page and the command line both do: create projects, queue jobs and cancel them.

Joins core and storage and loads no model: work that needs one becomes a job for the worker. Every function takes the
database and a project's *name*, checks what must be there first, and raises ``UserError`` that names the next step.
Imports, reviews, comparisons, selections, exports, prompts and the overview have modules of their own; their functions
are offered here too.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from app.adopting import adopt
from app.choosing import create_project, project_settings, set_models, set_settings
from app.comparing import compare_rounds
from app.experiments import check_experiment
from app.exports import export_adapter, export_report, export_reviews, export_selection
from app.identifying import known_errors
from app.import_report import ImportReport, ImportRequest, What
from app.imports import commit, dry_run, import_file
from app.label_batches import check_batches
from app.labels import By, check_label, label_estimate, label_quality, labels_to_check
from app.overview import NextStep, Stage, next_step, project_status
from app.projects import find_project, find_round, newest_round, teaching_project
from app.prompting import project_prompts, set_prompts
from app.reviewing import accept_all, add_review, check_seen, set_reading
from app.selecting import make_selection, newest_selection
from app.tuning_runs import resume_run, unfinished_run
from core.endpoints import endpoint_of
from core.errors import UserError
from core.experiment import plan
from core.types import Role, TuningSettings
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project, Round

__all__ = [
    "By",
    "ImportReport",
    "ImportRequest",
    "NextStep",
    "Stage",
    "What",
    "accept_all",
    "add_review",
    "adopt",
    "budgets_in",
    "cancel_job",
    "check_label",
    "check_seen",
    "commit",
    "compare_rounds",
    "create_project",
    "dry_run",
    "export_adapter",
    "export_report",
    "export_reviews",
    "export_selection",
    "import_file",
    "label_estimate",
    "label_quality",
    "labels_to_check",
    "make_selection",
    "next_step",
    "project_prompts",
    "project_settings",
    "project_status",
    "put_diagnose",
    "put_experiment",
    "put_identify",
    "put_import",
    "put_label",
    "put_measure",
    "put_predict",
    "put_tune",
    "resume_run",
    "save_tuning",
    "set_models",
    "set_prompts",
    "set_reading",
    "set_settings",
]


def put_predict(
    db: Database, project: str, *, round: int | None = None, roles: tuple[Role, ...] = ("validation", "test")
) -> Job:
    """Queue predictions for the samples of ``roles`` that have none in the round (default: the newest round)."""
    with db.write() as connection:
        found = find_project(connection, project)
        at = newest_round(connection, found) if round is None else find_round(connection, found, round)
        if not any(store.count_samples(connection, project=found.id, role=role) for role in roles):
            raise UserError(
                f"Project '{project}' has no {' or '.join(roles)} samples: "
                f"import some with `switchpoint import {roles[0]} PATH --project {project}`."
            )
        return _put(connection, "predict", found.id, {"round": at.id, "roles": list(roles)})


def put_diagnose(db: Database, project: str, *, round: int | None = None) -> Job:
    """Queue the diagnosis of the round's wrong validation predictions."""
    with db.write() as connection:
        found = find_project(connection, project)
        at = find_round(connection, found, round)
        if not _has_predictions(connection, at):
            raise UserError(
                f"Round {at.number} of '{project}' has no predictions: run `switchpoint predict {project}`."
            )
        return _put(connection, "diagnose", found.id, {"round": at.id})


def put_import(db: Database, request: ImportRequest) -> Job:
    """Queue the import of a support set; whatever its size, it is seen by nobody until it is whole."""
    if request.what != "support":
        raise UserError("Only support sets are imported in the background: import this file directly.")
    with db.write() as connection:
        return _put(connection, "import", None, asdict(request))


def put_label(db: Database, support: str = "", *, project: str = "", by: By = "sample", batch: bool = False) -> Job:
    """Queue skill labels for a support set's unlabelled samples, by the project's teacher (default: the only one).

    ``by`` "group" asks once for all samples that share a task and its instruction; ``batch`` hands the questions in to
    be answered within a day. Raises UserError for what batches that are under way ask already.
    """
    with db.write() as connection:
        found = teaching_project(connection, project)
        name = store.support_set(connection, support or found.settings.support)
        check_batches(connection, found, name, batch=batch)
        return _put(connection, "label", found.id, {"support": name, "by": by} | ({"batch": True} if batch else {}))


def put_tune(
    db: Database,
    project: str,
    *,
    selection: int | None = None,
    seed: int | None = None,
    settings: TuningSettings | None = None,
) -> Job:
    """Queue a tuning run on a selection (id; default: the project's newest) with ``settings`` (default: the project's);
    ``seed`` replaces theirs. An unfinished run of the same goes on."""
    with db.write() as connection:
        found = _to_tune(connection, project)
        chosen = newest_selection(connection, found, selection)
        if not chosen.hits:
            raise UserError(f"Selection {chosen.id} is empty: make another with `switchpoint select {project}`.")
        wanted = settings or found.settings.tuning
        wanted = wanted if seed is None else replace(wanted, seed=seed)
        run = unfinished_run(connection, chosen.project, chosen.id, wanted) or store.create_run(
            connection, project=found.id, selection=chosen.id, from_round=chosen.round, settings=wanted
        )
        return _put(connection, "tune", found.id, {"run": run.id, "selection": chosen.id})


def save_tuning(db: Database, project: str, settings: TuningSettings) -> None:
    """Keep what the project's runs are tuned with from now on."""
    with db.write() as connection:
        found = find_project(connection, project)
        store.save_settings(connection, found.id, replace(found.settings, tuning=settings))


def put_measure(
    db: Database, project: str, *, selection: int | None = None, settings: TuningSettings | None = None
) -> Job:
    """Queue a measure of what tuning on a selection (id; default: the newest) takes with ``settings`` (default: the
    project's)."""
    with db.write() as connection:
        found = _to_tune(connection, project)
        chosen = newest_selection(connection, found, selection)
        wanted = asdict(settings or found.settings.tuning)
        return _put(
            connection, "measure", found.id, {"selection": chosen.id, "round": chosen.round, "settings": wanted}
        )


def put_experiment(
    db: Database,
    project: str,
    *,
    arms: Sequence[str],
    budgets: Sequence[int],
    seeds: int,
    round: int | None = 0,
    at_once: int = 1,
) -> Job:
    """Queue an experiment from the round's student (default: the base model): ``core.experiment`` says which trials.

    Raises UserError for a project that cannot run it: no test set, no accepted skill, a student that is not here.
    """
    plan(arms, budgets, seeds)  # type: ignore[arg-type] # it refuses what is no arm
    with db.write() as connection:
        found = _to_tune(connection, project)
        at = find_round(connection, found, round)
        check_experiment(connection, found, at, arms)
        args = {"round": at.id, "arms": list(arms), "budgets": sorted({*budgets}), "seeds": seeds}
        return _put(connection, "experiment", found.id, args | {"at_once": max(1, at_once)})


def budgets_in(text: str) -> list[int]:
    """ "500, 1000" → [500, 1000]. A comma parts two budgets, never thousands."""
    parts = [part.strip().replace("_", "") for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise UserError(f"Budgets are whole numbers separated by commas, as in 500, 1000, not '{text[:80]}'.")
    return [int(part) for part in parts]


def put_identify(db: Database, project: str, *, round: int | None = 0) -> Job:
    """Queue the questions by which ways to find mistakes are compared, for the round's errors with a known step."""
    with db.read() as connection:
        found = find_project(connection, project)
        at = find_round(connection, found, round)
    known_errors(db, found, at.id)
    with db.write() as connection:
        return _put(connection, "identify", found.id, {"round": at.id})


def cancel_job(db: Database, job: int) -> None:
    """Ask a job to stop; a tuning run writes a checkpoint first."""
    with db.write() as connection:
        jobs.ask_cancel(connection, job)


def _to_tune(connection: Connection, project: str) -> Project:
    """The project, whose student can be tuned here."""
    found = find_project(connection, project)
    if endpoint_of(found.student):
        raise UserError(
            f"The student {found.student} answers behind an endpoint and cannot be tuned here: export the "
            "selection and tune it where it runs, or make a project with a folder or a Hub model as student."
        )
    return found


def _put(connection: Connection, kind: Any, project: int | None, args: dict[str, Any]) -> Job:
    """The same job twice is one job: asked again while it waits or runs, it is found, not queued again."""
    for job in jobs.jobs_of(connection, project):
        if job.kind == kind and job.state in jobs.ACTIVE and job.args == args:
            return job
    return jobs.put(connection, kind, project, args)


def _has_predictions(connection: Connection, round: Round) -> bool:
    return bool(store.correctness(connection, round.id, "validation"))
