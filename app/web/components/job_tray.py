"""The job tray: every running, queued and recent job with progress, rate, time left and a button that stops it.

Reads job rows and keeps no state, so that what it shows survives any reload.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from app.processes.worker_process import stalled_worker
from app.rendering.formatting import clock, cut, duration
from app.rendering.templates import NOTHING, render
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.tables.columns import utc_now

# What each kind of job is called, and what it counts.
KINDS = {
    "predict": ("Predict", "samples"),
    "diagnose": ("Diagnose", "errors"),
    "label": ("Label", "samples"),
    "tune": ("Tune", "updates"),
    "import": ("Import", "rows"),
    "try": ("Try", "sample"),
    "measure": ("Measure", "updates"),
    "experiment": ("Experiment", "trials"),
    "identify": ("Ways to find mistakes", "answers"),
}
NAMES = {kind: name for kind, (name, _) in KINDS.items()}
UNITS = {kind: unit for kind, (_, unit) in KINDS.items()}
STATES = {
    "done": "✓ done",
    "failed": "✗ failed",
    "cancelled": "– cancelled",
    "queued": "waiting",
    "interrupted": "interrupted",
}
MAX_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class TrayRow:
    """A job with its name, what it is about, and how it goes: its rate, what it waits for, or how it ended."""

    job: Job
    name: str
    about: str
    status: str
    can_cancel: bool


def tray_html(db: Database) -> Markup:
    """All active jobs and the newest finished ones; one quiet line when there was none yet."""
    with db.read() as connection:
        found = jobs.jobs_of(connection, limit=30)
        names = {project.id: project.name for project in store.list_projects(connection)}
    active = [job for job in found if job.state in jobs.ACTIVE]
    ended = [job for job in found if job.state not in jobs.ACTIVE]
    shown = sorted(active, key=lambda job: (job.state != "running", job.id)) + ended[: max(1, MAX_SHOWN - len(active))]
    rows = [_row(job, names.get(job.project or 0, ""), waits(job, found)) for job in shown]
    stalled = stalled_worker(db.data) if active else ""
    return render("components/job_tray.html", rows=rows, active=len(active), states=STATES, stalled=stalled)


def waits(job: Job, found: Sequence[Job]) -> str:
    """What a queued job waits for: the job of ``found`` that runs, else the worker. "" for a job in another state."""
    if job.state != "queued":
        return ""
    running = next((each for each in found if each.state == "running"), None)
    what = f"import of {_file_name(job)}" if job.kind == "import" else NAMES.get(job.kind, job.kind).lower()
    if running is None:
        return f"{what} waits for the worker"
    return f"{what} waits behind {NAMES.get(running.kind, running.kind).lower()} (job {running.id})"


def _file_name(job: Job) -> str:
    """The name of the file that a job imports, without its folders."""
    return str(job.args.get("path", "")).rstrip("/").rsplit("/", 1)[-1]


def pulse_html(db: Database) -> Markup:
    """The running job in a few words for the head of the page; a click leads to the tray."""
    with db.read() as connection:
        running = next((job for job in jobs.jobs_of(connection, limit=30) if job.state == "running"), None)
    if running is None:
        return NOTHING
    share = running.done / running.total if running.total else 0.0
    return render("components/pulse.html", name=NAMES.get(running.kind, ""), share=share)


def _row(job: Job, project: str, waiting: str) -> TrayRow:
    return TrayRow(
        job=job,
        name=NAMES.get(job.kind, job.kind),
        about=project or (_file_name(job) if job.kind == "import" else ""),
        status=_pace(job) if job.state == "running" else cut(waiting, 200) or _ended(job),
        can_cancel=job.state in jobs.ACTIVE and not (job.state == "running" and job.cancel_asked),
    )


def _pace(job: Job) -> str:
    """ "120 of 1,000 samples · 21/s · 41 s left", with what is known of it."""
    if not job.total:
        return cut(job.message, 80) or "starting"
    progress = f"{job.done:,} of {job.total:,} {UNITS.get(job.kind, '')}"
    pace = jobs.pace(job, utc_now())
    if pace is None:
        return progress
    rate = pace.rate
    speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s" if rate >= 0.1 else f"{duration(1 / rate)} each"
    return f"{progress} · {speed} · {duration(pace.seconds_left)} left"


def _ended(job: Job) -> str:
    if not job.finished or not job.started:
        return clock(job.created)
    took = (_moment(job.finished) - _moment(job.started)).total_seconds()
    amount = f"{job.done:,} {UNITS.get(job.kind, '')} in " if job.done else ""
    message = f" · {cut(job.message, 300)}" if job.message and job.kind != "tune" else ""
    return f"{amount}{duration(took)} · {clock(job.finished)}{message}"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
