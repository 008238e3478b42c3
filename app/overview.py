"""What a project holds and what to do next: the counts behind ``status`` and the page's hints.

Derives everything from rows; stores nothing, starts nothing.
"""

from dataclasses import dataclass
from typing import Any, Literal

from storage.jobs import Job

from app.projects import find_project
from storage import jobs, store
from storage.database import Database

Stage = Literal["import", "predict", "diagnose", "review", "label", "select", "tune", "compare", "wait"]
ACTIVE = ("queued", "running", "interrupted")


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The stage to go to and one sentence that says what to do there."""

    stage: Stage
    sentence: str


def job_row(job: Job) -> dict[str, Any]:
    """A job as ``--json`` shows it."""
    shown = ("id", "kind", "state", "done", "total", "message", "error", "created", "started", "finished")
    return {name: getattr(job, name) for name in shown}


def project_status(db: Database, project: str = "") -> dict[str, Any]:
    """Counts per round and the jobs of one project; without a name, the projects, support sets and all jobs."""
    with db.read() as connection:
        if not project:
            return {
                "projects": [each.name for each in store.list_projects(connection)],
                "support": {each.name: each.samples for each in store.support_sets(connection)},
                "jobs": [job_row(job) for job in jobs.jobs_of(connection, limit=20)],
            }
        found = find_project(connection, project)
        return {
            "project": found.name,
            "student": found.student,
            "teacher": found.teacher,
            "rounds": [round_row(row) for row in store.counts(connection, found.id)],
            "jobs": [job_row(job) for job in jobs.jobs_of(connection, found.id, limit=50)],
            "next": _next_step(connection, found).sentence,
        }


def next_step(db: Database, project: str) -> NextStep:
    """What a newcomer should do now in this project, for its newest round."""
    with db.read() as connection:
        return _next_step(connection, find_project(connection, project))
