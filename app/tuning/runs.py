"""Resuming unfinished runs: their checkpoints, and queueing one again from a chosen checkpoint. Loads no model."""

from sqlalchemy import Connection

from app.projects.lookup import find_project
from core.errors import UserError
from core.tuning.saved_checkpoints import SavedCheckpoint, checkpoints_in, remove_checkpoints
from core.types import TuningSettings
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Run


def job_of(connection: Connection, run: Run) -> Job | None:
    """The newest job of a run."""
    found = jobs.jobs_of(connection, run.project, limit=1000)
    return next((job for job in found if job.kind == "tune" and job.args.get("run") == run.id), None)


def checkpoints_of(db: Database, run: Run) -> list[SavedCheckpoint]:
    """The complete checkpoints of an unfinished run, newest first."""
    return [] if run.adapter else checkpoints_in(db.adapters / f"run-{run.id}")


def unfinished_run(connection: Connection, project: int, selection: int, settings: TuningSettings) -> Run | None:
    """The unfinished run of that selection and those settings, which tuning the same again resumes."""
    for run in store.runs_of(connection, project):
        if (run.selection, run.settings, run.adapter) == (selection, settings, None):
            return run
    return None


def resume_run(db: Database, project: str, run: int, *, checkpoint: int | None = None) -> Job:
    """Queue an unfinished run again, from its newest checkpoint or the one after ``checkpoint`` updates (0: afresh).

    Later checkpoints and updates are deleted. Raises UserError where the run is finished, queued or running, or has no
    such checkpoint.
    """
    with db.write() as connection:
        found = find_project(connection, project)
        chosen = store.run_of(connection, run)
        if chosen.project != found.id:
            raise UserError(f"Project '{project}' has no tuning run {run}: choose one from the list.")
        if chosen.adapter:
            raise UserError(f"Run {run} is finished: its adapter opened a round. Start another run instead.")
        last = job_of(connection, chosen)
        if last is not None and last.state in jobs.ACTIVE:
            raise UserError(f"Run {run} waits or runs already: cancel job {last.id} first.")
        if checkpoint is not None:
            _go_back(db, connection, chosen, checkpoint)
        return jobs.put(connection, "tune", found.id, {"run": chosen.id, "selection": chosen.selection})


def _go_back(db: Database, connection: Connection, run: Run, checkpoint: int) -> None:
    known = [each.updates for each in checkpoints_of(db, run)]
    if checkpoint and checkpoint not in known:
        there = f"there are {', '.join(map(str, known))}" if known else "there is none"
        raise UserError(f"Run {run.id} has no checkpoint after {checkpoint} updates ({there}): choose another.")
    remove_checkpoints(db.adapters / f"run-{run.id}", after=checkpoint)
    store.drop_updates(connection, run.id, after=checkpoint)
