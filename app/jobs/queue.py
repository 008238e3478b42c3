"""Queueing jobs and cancelling them, for the page and the command line.

Loads no model. Every function takes the database and a project's *name*, checks what the job needs, and raises
UserError that says what to do where it is missing.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection

from app.experiments.identification import known_errors
from app.experiments.requirements import check_experiment
from app.jobs.try_model import TriedModel
from app.labels.batch_status import check_batches
from app.labels.labelling import LabelUnit
from app.projects.lookup import find_project, find_round, newest_round, teaching_project
from app.selections.draw import selection_or_newest
from app.tuning.runs import unfinished_run
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from core.evaluation.experiment import plan_trials
from core.types import Role, TuningSettings
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job, put_once
from storage.store import Project, Round


def put_predict(
    db: Database, project: str, *, round_number: int | None = None, roles: tuple[Role, ...] = ("validation", "test")
) -> Job:
    """Queue predictions for the samples of ``roles`` that have none in the round (default: the newest round)."""
    with db.write() as connection:
        found = find_project(connection, project)
        round_ = (
            newest_round(connection, found) if round_number is None else find_round(connection, found, round_number)
        )
        if not any(store.count_samples(connection, project=found.id, role=role) for role in roles):
            raise UserError(
                f"Project '{project}' has no {' or '.join(roles)} samples: "
                f"import some with `switchpoint import {roles[0]} PATH --project {project}`."
            )
        return put_once(connection, "predict", found.id, {"round": round_.id, "roles": list(roles)})


def put_diagnose(db: Database, project: str, *, round_number: int | None = None) -> Job:
    """Queue the diagnosis of the round's wrong validation predictions."""
    with db.write() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
        if not _has_predictions(connection, round_):
            raise UserError(
                f"Round {round_.number} of '{project}' has no predictions: run `switchpoint predict {project}`."
            )
        return put_once(connection, "diagnose", found.id, {"round": round_.id})


def put_label(
    db: Database, support: str = "", *, project: str = "", by: LabelUnit = "sample", batch: bool = False
) -> Job:
    """Queue skill labels for a support set's unlabelled samples, by the project's teacher (default: the only one).

    ``by`` "group" asks once for all samples that share a task and its instruction; ``batch`` hands the questions in to
    be answered within a day. Raises UserError for what batches that are under way ask already.
    """
    with db.write() as connection:
        found = teaching_project(connection, project)
        name = store.named_support_set(connection, support or found.settings.support)
        check_batches(connection, found, name, batch=batch)
        return put_once(connection, "label", found.id, {"support": name, "by": by} | ({"batch": True} if batch else {}))


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
        found = _tunable_project(connection, project)
        chosen = selection_or_newest(connection, found, selection)
        if not chosen.hits:
            raise UserError(f"Selection {chosen.id} is empty: make another with `switchpoint select {project}`.")
        wanted = settings or found.settings.tuning
        wanted = wanted if seed is None else replace(wanted, seed=seed)
        run = unfinished_run(connection, chosen.project, chosen.id, wanted) or store.create_run(
            connection, project=found.id, selection=chosen.id, from_round=chosen.round, settings=wanted
        )
        return put_once(connection, "tune", found.id, {"run": run.id, "selection": chosen.id})


def put_measure(
    db: Database, project: str, *, selection: int | None = None, settings: TuningSettings | None = None
) -> Job:
    """Queue a measure of what tuning on a selection (id; default: the newest) takes with ``settings`` (default: the
    project's)."""
    with db.write() as connection:
        found = _tunable_project(connection, project)
        chosen = selection_or_newest(connection, found, selection)
        wanted = asdict(settings or found.settings.tuning)
        return put_once(
            connection, "measure", found.id, {"selection": chosen.id, "round": chosen.round, "settings": wanted}
        )


def put_experiment(
    db: Database,
    project: str,
    *,
    arms: Sequence[str],
    budgets: Sequence[int],
    seeds: int,
    round_number: int | None = 0,
    at_once: int = 1,
) -> Job:
    """Queue an experiment from the round's student (default: the base model): ``core.evaluation.experiment`` says which
    trials.

    Raises UserError for a project that cannot run it: no test set, no accepted skill, a student that is not here.
    """
    plan_trials(arms, budgets, seeds)  # it refuses what is no arm
    with db.write() as connection:
        found = _tunable_project(connection, project)
        round_ = find_round(connection, found, round_number)
        check_experiment(connection, found, round_, arms)
        args = {"round": round_.id, "arms": list(arms), "budgets": sorted({*budgets}), "seeds": seeds}
        return put_once(connection, "experiment", found.id, args | {"at_once": max(1, at_once)})


def put_identify(db: Database, project: str, *, round_number: int | None = 0) -> Job:
    """Queue the questions by which ways to find mistakes are compared, for the round's errors with a known step."""
    with db.read() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
    known_errors(db, found, round_.id)
    with db.write() as connection:
        return put_once(connection, "identify", found.id, {"round": round_.id})


def cancel_job(db: Database, job: int) -> None:
    """Ask a job to stop; a tuning run writes a checkpoint first."""
    with db.write() as connection:
        jobs.request_cancel(connection, job)


def _tunable_project(connection: Connection, project: str) -> Project:
    """The project, whose student can be tuned here."""
    found = find_project(connection, project)
    if parse_endpoint(found.student):
        raise UserError(
            f"The student {found.student} answers behind an endpoint and cannot be tuned here: export the "
            "selection and tune it where it runs, or make a project with a folder or a Hub model as student."
        )
    return found


def _has_predictions(connection: Connection, round_: Round) -> bool:
    return bool(store.correct_predictions(connection, round_.id, "validation"))


def put_try(
    db: Database, project: str, who: TriedModel, *, round_number: int | None = None, another: bool = False
) -> Job:
    """Queue a try: on the sample tried last (else the first), or with ``another`` on the one behind it.

    Raises UserError where the project has no sample yet.
    """
    with db.write() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
        ids = [
            each.id
            for role in ("validation", "test")
            for each in store.samples_of(connection, project=found.id, role=role)
        ]
        if not ids:
            raise UserError("There is no sample to try on: bring in a validation set first.")
        tried = store.model_tries_of(connection, found.id)
        newest = max(tried.values(), key=lambda each: each.created, default=None)
        place = ids.index(newest.sample) if newest is not None and newest.sample in ids else -1
        sample = ids[(place + 1) % len(ids)] if another or place < 0 else ids[place]
        return jobs.put(connection, "try", found.id, {"who": who, "sample": sample, "round": round_.id})
