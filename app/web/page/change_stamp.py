"""The change stamp: a short text that changes whenever rows that the page shows have changed.

The page polls it and asks for its parts only after a change. Reads counts and job rows; renders nothing.
"""

import hashlib

from app.labels.cost_estimate import is_counted
from app.processes.worker_process import stalled_worker
from app.web.page.place import Place
from storage import jobs, store
from storage.database import Database


def stamp(db: Database, place: Place) -> str:
    """Two digests: of the options of the pickers, and of jobs, support sets and the project's counts."""
    with db.read() as connection:
        found = jobs.jobs_of(connection, limit=30)
        offered: list[object] = [project.name for project in store.list_projects(connection)]
        parts: list[object] = [(job.id, job.state, job.done, job.total, job.message, job.cancel_asked) for job in found]
        supports = store.support_sets(connection)
        parts.append([(each.name, each.changes) for each in supports])
        parts.append([is_counted(db, each) for each in supports if each.name == place.choice("label")])
        parts.append([(each.id, each.state, each.done) for each in store.batches_under_way(connection)])
        parts.append(bool(stalled_worker(db.data)))
        waiting = store.pending_imports(connection)
        parts.append([(each.id, each.seen, each.report is None, each.error, each.job) for each in waiting])
        if place.project:
            project = store.project_named(connection, place.project)
            parts.append((project.student, project.teacher, project.settings))
            parts += [store.round_counts(connection, project.id), store.newest_ruling_id(connection, project.id)]
            parts.append(store.reading_stamp(connection))
            parts.append([(each.who, each.created) for each in store.model_tries_of(connection, project.id).values()])
            parts.append([run.id for run in store.runs_of(connection, project.id)])
            offered.append(len(store.adoptions_of(connection, project.id)))
            offered += [(each.number, each.run) for each in store.rounds_of(connection, project.id)]
    return f"{_digest(offered)} {_digest(parts)}"


def same_pickers(one: str, other: str) -> bool:
    """Whether two stamps have the same digest of the pickers: the same projects and rounds."""
    return one.partition(" ")[0] == other.partition(" ")[0]


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
