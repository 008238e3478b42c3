"""What the page and the command line both do: projects, imports, jobs, reviews, selections and comparisons.

Joins core and storage and loads no model: work that needs one becomes a job for the worker. Every function takes the
database and a project's *name*, checks what must be there first, and raises ``UserError`` that names the next step.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from app.overview import Stage, next_step, project_status
from app.projects import find_project, find_round
from core import comparison, retrieval, selection
from core.answers import is_correct
from core.errors import UserError
from core.importers import read_predictions, read_samples
from core.types import Comparison, JobKind, Prediction, Review, Role, Sample, Selection, Settings, Verdict
from storage import jobs, store
from storage.database import Database
from storage.images import save_images
from storage.jobs import Job
from storage.store import Project, Run

__all__ = ["Stage", "next_step", "project_status"]

What = Literal["validation", "test", "support", "predictions"]
ImportReport = dict[str, Any]


def create_project(
    db: Database, name: str, *, student: str, teacher: str, settings: Settings | None = None
) -> Project:
    """A new project with its round 0 (the untuned student)."""
    raise NotImplementedError


def import_file(
    db: Database,
    what: What,
    path: Path,
    project: str = "",
    *,
    images: Path | None = None,
    name: str = "",
    skip_refused: bool = False,
) -> ImportReport:
    """Import samples or predictions; the report is the issue's JSON.

    ``images`` is a folder or zip for files that name their images; ``name`` names a support set (default: the file's
    stem). With a refused row nothing is imported (``accepted`` is 0) unless ``skip_refused``.
    """
    raise NotImplementedError


def put_predict(
    db: Database, project: str, *, round: int | None = None, roles: tuple[Role, ...] = ("validation", "test")
) -> Job:
    """Queue predictions for the samples of ``roles`` that have none in the round (default: the newest round)."""
    raise NotImplementedError


def put_diagnose(db: Database, project: str, *, round: int | None = None) -> Job:
    """Queue the diagnosis of the round's wrong validation predictions."""
    raise NotImplementedError


def put_label(db: Database, support: str, *, project: str = "") -> Job:
    """Queue skill labels for a support set's unlabelled samples, by the project's teacher (default: the only one)."""
    raise NotImplementedError


def put_tune(db: Database, project: str, *, selection: int | None = None) -> Job:
    """Queue a tuning run on a selection (id; default: the project's newest)."""
    raise NotImplementedError


def cancel_job(db: Database, job: int) -> None:
    """Ask a job to stop; a tuning run writes a checkpoint first."""
    raise NotImplementedError


def add_review(
    db: Database,
    project: str,
    sample: int,
    verdict: Verdict,
    *,
    reviewer: str,
    round: int | None = None,
    mistake_step: int | None = None,
    skill: str = "",
    answer: str | None = None,
    note: str = "",
) -> Review:
    """Append a verdict; step and skill default to the diagnosis's own."""
    raise NotImplementedError


def accept_all(db: Database, project: str, *, reviewer: str, round: int | None = None) -> int:
    """Accept every diagnosis of the round that has no verdict yet; returns how many."""
    raise NotImplementedError


def make_selection(
    db: Database,
    project: str,
    *,
    budget: int,
    round: int | None = None,
    seed: int | None = None,
    arm: Literal["targeted", "random"] = "targeted",
    support: str = "",
    allow_fewer: bool = False,
) -> Selection:
    """Choose ``budget`` support samples for the round's accepted skills (or at random) and keep the selection.

    Fewer matching samples than the budget is refused with the number there is, unless ``allow_fewer``.
    """
    raise NotImplementedError


def compare_rounds(db: Database, project: str, before: int, after: int, *, role: Role = "test") -> Comparison:
    """Two rounds (numbers) on the samples of ``role`` that both predicted."""
    raise NotImplementedError
