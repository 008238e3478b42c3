"""Finds a project or a round by name or number, with errors that say what to do."""

from sqlalchemy import Connection

from core.errors import UserError
from storage import store
from storage.jobs import Job
from storage.store import Project, Round


def teaching_project(connection: Connection, name: str = "") -> Project:
    """The project whose teacher labels: the one of that name, or the only one. Raises UserError where it is
    ambiguous."""
    names = [each.name for each in store.list_projects(connection)]
    if not name and len(names) != 1:
        raise UserError("Labels come from a project's teacher: say which one with --project.")
    return find_project(connection, name or names[0])


def find_project(connection: Connection, name: str) -> Project:
    """The project of that name. Raises UserError, which says how to create it and lists the existing ones."""
    known = [project.name for project in store.list_projects(connection)]
    if name not in known:
        there = f"there are {', '.join(known)}" if known else "there is none yet"
        raise UserError(
            f"There is no project '{name}' ({there}): create it with `switchpoint new {name or 'NAME'} "
            "--student MODEL --teacher MODEL`, or run `switchpoint init-demo` for the demo."
        )
    return store.project_named(connection, name)


def job_project(connection: Connection, job: Job) -> Project:
    """The project of a job; every job but an import of a support set has one."""
    assert job.project is not None, "every job of these kinds belongs to a project"
    return store.project_of(connection, job.project)


def find_round(connection: Connection, project: Project, number: int | None) -> Round:
    """The project's round of that number; None: the round it builds on (the adopted one, else the newest)."""
    rounds = store.rounds_of(connection, project.id)
    if number is None:
        adopted = store.adopted_round_id(connection, project.id)
        return next((each for each in rounds if each.id == adopted), rounds[-1])
    for each in rounds:
        if each.number == number:
            return each
    newest = max(each.number for each in rounds)
    raise UserError(f"Project '{project.name}' has no round {number}: choose 0 to {newest}, or tune to open the next.")


def newest_round(connection: Connection, project: Project) -> Round:
    """The project's newest round, adopted or not."""
    return store.rounds_of(connection, project.id)[-1]
