"""Applying a re-reading in one transaction, and undoing it in another.

What a person decided stays (decision 0041): a prediction with a review or a draft keeps its reading.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.progress import ProgressCallback
from app.projects.lookup import find_project
from app.rendering.formatting import clock
from app.rereadings.preview import Preview, preview_rereading
from core.errors import UserError
from core.parsing.prediction import READING_VERSION
from core.types import JobKind
from storage import jobs, store
from storage.database import Database
from storage.store import Project, Rereading

# Jobs that hold predictions in memory while they work, and write what they made of them.
CONFLICTING: tuple[JobKind, ...] = ("predict", "diagnose", "experiment", "identify")
MAX_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What a re-reading changed: the preview, how many predictions it ``replaced``, and ``number``, its id (None: there
    was nothing to read). Where a person decided in the meantime, fewer are replaced than the preview says."""

    preview: Preview
    number: int | None
    replaced: int


def apply_rereading(
    db: Database, project: str, *, round_number: int | None = None, reviewer: str, on_progress: ProgressCallback
) -> Applied:
    """Read a round again (None: all of the project) and replace what changes; all of it or nothing is saved.

    Reads before the transaction, which others wait for. Raises UserError while a job works on the predictions, and
    where somebody else read them again at the same time.
    """
    with db.read() as connection:
        found = find_project(connection, project)
        _refuse_at_work(connection, found)
        newest = store.newest_rereading(connection, found.id)
    with preview_rereading(db, project, round_number=round_number, on_progress=on_progress) as (shown, changes):
        with db.write() as connection:
            _refuse_at_work(connection, found)
            if store.newest_rereading(connection, found.id) != newest:
                raise UserError("Somebody read these predictions again in the meantime: run the same command again.")
            left = set(store.rounds_to_read(connection, found.id, READING_VERSION))
            if not shown.read or not (shown.changed or left.intersection(shown.rounds)):
                return Applied(preview=shown, number=None, replaced=0)
            made = store.begin_rereading(connection, found.id, shown.rounds, READING_VERSION, reviewer)
            replaced = sum(
                len(store.replace_readings(connection, made.id, read, moved)) for read, moved in changes.lists()
            )
        return Applied(preview=shown, number=made.id, replaced=replaced)


def undo_rereading(db: Database, project: str) -> tuple[Rereading, int]:
    """Put back exactly what the project's newest re-reading replaced; returns it and how many predictions that is.

    Raises UserError where there is none, while a job works on the predictions, and where something was made of what it
    read since.
    """
    with db.write() as connection:
        found = find_project(connection, project)
        _refuse_at_work(connection, found)
        newest = store.newest_rereading(connection, found.id)
        if newest is None:
            raise UserError(f"No re-reading of '{project}' is there to undo.")
        if dependents := store.dependents_of(connection, newest):
            raise UserError(_dependents_sentence(newest, dependents))
        return newest, store.undo_rereading(connection, newest.id)


def _refuse_at_work(connection: Connection, project: Project) -> None:
    for job in jobs.jobs_of(connection, project.id):
        if job.state in jobs.ACTIVE and job.kind in CONFLICTING:
            raise UserError(
                f"Job {job.id} ({job.kind}, {job.state}) works on the predictions of '{project.name}': wait for its "
                "end or cancel it, then run the same command again."
            )


def _dependents_sentence(rereading: Rereading, found: list[store.Dependent]) -> str:
    parts = []
    for what in ("reviewed", "drafted", "diagnosed"):
        samples = [str(each.sample) for each in found if each.what == what]
        if samples:
            more = ", …" if len(samples) > MAX_NAMED else ""
            parts.append(f"{len(samples):,} {what} (samples {', '.join(samples[:MAX_NAMED])}{more})")
    return (
        f"The re-reading of {clock(rereading.created)} cannot be undone without losing work: of the "
        f"predictions that it changed, since then {' and '.join(parts)}; they were kept, and nothing was undone."
    )
