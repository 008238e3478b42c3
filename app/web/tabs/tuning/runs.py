"""The runs of the Tuning tab: the chosen one with its figures, checkpoints and ways on, and the list of all.

Renders rows; changes nothing.
"""

import json
from datetime import UTC, datetime

from sqlalchemy import Connection

from app.rendering.formatting import count, duration
from app.rendering.html import clock, command, esc, nav, table
from app.tuning.options import FIELDS, PRESETS, STARTS, preset_in, tune_command
from app.tuning.runs import checkpoints_of, job_of
from app.web.page.place import Place
from core.types import TuningSettings, Update
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Run, SelectionSummary

GIB = 2**30
RECENT = 20  # updates whose mean pace tells the time left


def chosen_run(place: Place, known: list[Run]) -> Run | None:
    """The run of the URL, else the newest."""
    return next((run for run in known if run.id == place.number("run")), known[0] if known else None)


def runs_html(connection: Connection, place: Place, known: list[Run]) -> str:
    """Every run with its state and the round that it opened."""
    if not known:
        return ""
    project = known[0].project
    found = jobs.jobs_of(connection, project, limit=1000)
    by_run = {job.args.get("run"): job for job in reversed(found) if job.kind == "tune"}
    selections = {each.id: each for each in store.selections_of(connection, project)}
    opened = {each.run: each.number for each in store.rounds_of(connection, project)}
    head = ["Run", "Selection", "Settings", "State", "Opens round"]
    rows = []
    for run in known[:50]:
        cells = _cells(place, run, by_run.get(run.id), selections.get(run.selection))
        number = opened.get(run.id)
        link = nav(place.link(round=number, tab="comparison", run=None), f"Round {number}", "") if number else "–"
        rows.append([*cells, link])
    return table(head, rows, "runs", "Every run, newest first")


def _cells(place: Place, run: Run, job: Job | None, selection: SelectionSummary | None) -> list[str]:
    said = f"{selection.id} · {selection.arm}, {selection.chosen:,} samples" if selection else str(run.selection)
    link = nav(place.link(run=run.id), f"Run {run.id}", "")
    return [
        f"{link} <small class=subdued>{clock(run.created)}</small>",
        esc(said),
        esc(settings_text(run.settings)),
        esc(_state(run, job)),
    ]


def settings_text(own: TuningSettings) -> str:
    """A run's settings in one line."""
    name = preset_in(own)
    passes = f"{own.epochs:g} {'epoch' if own.epochs == 1 else 'epochs'}"
    more = f", projector {own.projector_rate:g}" if own.projector_rate else ""
    said = f"rank {own.rank}, rate {own.learning_rate:g}{more}, {passes}, seed {own.seed}"
    return f"{PRESETS[name]}: {said}" if name else said


def _state(run: Run, job: Job | None) -> str:
    if run.adapter:
        return "done"
    if job is None:
        return "not started"
    if job.state == "running":
        return f"running, {job.done:,} of {job.total:,} updates" if job.total else "starting"
    return str(job.state)


def run_html(db: Database, connection: Connection, place: Place, run: Run, updates: list[Update]) -> str:
    """One run: how it goes, what it can go on from, and the command that repeats it."""
    job = job_of(connection, run)
    values = json.dumps(
        {each.name: getattr(run.settings, each.name) for each in FIELDS} | {"start": run.settings.start}
    )
    acts = [command("tuning-settings", "Use its settings", "button small", settings=values)]
    if job is not None and job.state in jobs.ACTIVE and not job.cancel_asked:
        acts.insert(0, command("cancel", "Cancel", "button small", "A checkpoint is written first", job=job.id))
    elif not run.adapter and (job is None or job.state not in jobs.ACTIVE):
        acts.insert(0, command("tuning-resume", "Resume", "button small primary", run=run.id))
    failed = f'<p class="why" dir="auto">{esc(job.error, 600)}</p>' if job and job.error and not run.adapter else ""
    # Which checkpoints could not be continued stays on the run.
    if job and "checkpoint" in job.message:
        failed += f'<p class="subdued" dir="auto">{esc(job.message, 600)}</p>'
    line = tune_command(place.project, db.data, run.selection, run.settings)
    start = STARTS[run.settings.start] if store.round_of(connection, run.from_round).adapter else "The base model"
    return (
        f'<section class="run"><div class="row"><h3>Run {run.id} <span class="subdued">{esc(_state(run, job))} · '
        f'{esc(settings_text(run.settings))} · {esc(start)}</span></h3><span class="grow"></span>{"".join(acts)}</div>'
        f"{failed}{_figures(run, updates)}{_checkpoints(db, run, job)}"
        '<details data-keep="run-command"><summary>The same on the command line</summary>'
        f'<code class="copy">{esc(line)}</code></details></section>'
    )


def _figures(run: Run, updates: list[Update]) -> str:
    if not updates:
        return f'<p class="subdued">Run {run.id} has no update yet.</p>'
    last = updates[-1]
    parts = [
        f"update <b>{last.number:,}</b> of {last.total:,}",
        f"epoch {last.epoch:.2f}",
        f"loss <b>{last.loss:.4f}</b> (from {updates[0].loss:.4f})",
        f"{last.samples_per_second:,.1f} samples/s",
    ]
    if last.memory:
        parts.append(f"{last.memory / GIB:.1f} GiB at most")
    if last.number < last.total:
        parts.append(f"about <b>{duration(seconds_left(run.settings, updates))}</b> left")
    small = ""
    if 0 < last.batch_size < run.settings.batch_size:
        small = (
            f'<p class="why">The memory was too small for batches of {run.settings.batch_size}: it goes on with '
            f"{last.batch_size}, and as many more of them make an update. The result is the same.</p>"
        )
    return f'<p class="facts">{" · ".join(parts)}</p>{small}'


def seconds_left(settings: TuningSettings, updates: list[Update]) -> float:
    """How long the rest of a run takes at the mean pace of its newest updates."""
    recent = [update.samples_per_second for update in updates[-RECENT:] if update.samples_per_second > 0]
    if not recent:
        return 0.0
    samples = settings.batch_size * settings.accumulation
    mean = sum(samples / pace for pace in recent) / len(recent)
    return (updates[-1].total - updates[-1].number) * mean


def _checkpoints(db: Database, run: Run, job: Job | None) -> str:
    """The complete checkpoints of an unfinished run, each with its way on while nothing runs."""
    found = checkpoints_of(db, run)
    if not found:
        return ""
    waits = job is None or job.state not in jobs.ACTIVE
    rows = []
    for each in found:
        title = "What was made after it is thrown away and made again"
        on = command("tuning-resume", "Resume from here", "button small", title, run=run.id, checkpoint=each.updates)
        when = clock(datetime.fromtimestamp(each.written, UTC).isoformat())
        rows.append(
            [f"after {count(each.updates, 'update')}", when, f"{each.bytes / 2**20:,.1f} MiB", on if waits else ""]
        )
    return table(["Checkpoint", "Written", "#Size", ""], rows, "checkpoints", "Complete checkpoints")
