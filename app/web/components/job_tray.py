"""The job tray: every running, queued and recent job with progress, rate, time left and a way to stop it.

Reads job rows; what it shows survives any reload because it is nowhere else.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.rendering.formatting import duration
from app.rendering.html import bar, clock, command, esc
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
VERBS = {kind: verb for kind, (verb, _) in KINDS.items()}
THINGS = {kind: things for kind, (_, things) in KINDS.items()}
STATES = {
    "done": "✓ done",
    "failed": "✗ failed",
    "cancelled": "– cancelled",
    "queued": "waiting",
    "interrupted": "interrupted",
}
RECENT = 4


def tray_html(db: Database) -> str:
    """All active jobs and the newest finished ones; one quiet line when there was none yet."""
    with db.read() as connection:
        found = jobs.jobs_of(connection, limit=30)
        names = {project.id: project.name for project in store.list_projects(connection)}
    active = [job for job in found if job.state in jobs.ACTIVE]
    ended = [job for job in found if job.state not in jobs.ACTIVE]
    shown = sorted(active, key=lambda job: (job.state != "running", job.id)) + ended[: max(1, RECENT - len(active))]
    if not shown:
        return (
            '<section class="tray" aria-label="Jobs"><p class="subdued">No job yet. Predicting, diagnosing '
            "and tuning show up here; they go on when you close this page.</p></section>"
        )
    rows = "".join(_row(job, names.get(job.project or 0, ""), waits(job, found)) for job in shown)
    title = f"{len(active)} active" if active else "nothing running"
    return (
        '<section class="tray" aria-label="Jobs"><details open data-keep="tray"><summary>Jobs <span '
        f'class="subdued">{title}</span></summary>{rows}</details></section>'
    )


def waits(job: Job, found: Sequence[Job]) -> str:
    """What a queued job waits for: the job of ``found`` that runs, else the worker. "" for a job in another state."""
    if job.state != "queued":
        return ""
    running = next((each for each in found if each.state == "running"), None)
    what = f"import of {_file(job)}" if job.kind == "import" else VERBS.get(job.kind, job.kind).lower()
    if running is None:
        return f"{what} waits for the worker"
    return f"{what} waits behind {VERBS.get(running.kind, running.kind).lower()} (job {running.id})"


def _file(job: Job) -> str:
    """The name of the file that a job imports, without the folders it lies in."""
    return str(job.args.get("path", "")).rstrip("/").rsplit("/", 1)[-1]


def pulse_html(db: Database) -> str:
    """The running job in a few words for the head of the page; a click leads to the tray."""
    with db.read() as connection:
        running = next((job for job in jobs.jobs_of(connection, limit=30) if job.state == "running"), None)
    if running is None:
        return ""
    share = running.done / running.total if running.total else 0.0
    return f'<a class="pulse" href="#tray">{VERBS.get(running.kind, "")} {bar(share)} {share * 100:.0f} %</a>'


def _row(job: Job, project: str, waiting: str) -> str:
    about = esc(project or (_file(job) if job.kind == "import" else ""), 40)
    title = f"<b>{VERBS.get(job.kind, esc(job.kind))}</b> <span class=subdued>{about} · job {job.id}</span>"
    if job.state == "running":
        share = job.done / job.total if job.total else 0.0
        stop = (
            '<span class="subdued">stopping …</span>'
            if job.cancel_asked
            else command("cancel", "Cancel", "button small", job=job.id)
        )
        return (
            f'<div class="job running" data-job="{job.id}" data-state="running"><span>{title}</span>'
            f"{bar(share, f'{job.done} of {job.total}')}<span class=num>{_pace(job)}</span>{stop}</div>"
        )
    stop = command("cancel", "Cancel", "button small", job=job.id) if job.state in jobs.ACTIVE else ""
    told = (
        f'<span class="why" dir="auto">{esc(job.error, 600)}</span>'
        if job.error
        else f'<span class="subdued" dir="auto">{esc(waiting, 200) or _ended(job)}</span>'
    )
    return (
        f'<div class="job {job.state}" data-job="{job.id}" data-state="{job.state}"><span>{title}</span>'
        f"<span class=state>{STATES.get(job.state, esc(job.state))}</span>{told}{stop}</div>"
    )


def _pace(job: Job) -> str:
    """ "120 of 1,000 samples · 21/s · 41 s left", with what is known of it."""
    said = (
        f"{job.done:,} of {job.total:,} {THINGS.get(job.kind, '')}" if job.total else esc(job.message, 80) or "starting"
    )
    pace = jobs.pace(job, utc_now())
    if pace and job.total:
        rate = pace.rate
        speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s" if rate >= 0.1 else f"{duration(1 / rate)} each"
        said += f" · {speed} · {duration(pace.seconds_left)} left"
    return said


def _ended(job: Job) -> str:
    if not job.finished or not job.started:
        return clock(job.created)
    took = (_moment(job.finished) - _moment(job.started)).total_seconds()
    many = f"{job.done:,} {THINGS.get(job.kind, '')} in " if job.done else ""
    said = f" · {esc(job.message, 300)}" if job.message and job.kind != "tune" else ""
    return f"{many}{duration(took)} · {clock(job.finished)}{said}"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
