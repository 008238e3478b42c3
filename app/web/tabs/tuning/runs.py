"""The runs on the Tuning tab: the chosen one with its progress and checkpoints, and the list of all."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.templates import NOTHING, render
from app.tuning.options import FIELDS, PRESETS, STARTS, preset_in, tune_command
from app.tuning.runs import checkpoints_of, job_of
from app.web.page.place import Place
from core.types import TuningSettings, Update
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Run, SelectionSummary

GIB, MIB = 2**30, 2**20
MAX_RUNS = 50
# Updates whose mean pace gives the time left.
RECENT_UPDATES = 20


def chosen_run(place: Place, known: list[Run]) -> Run | None:
    """The run in the URL, else the newest; None if there is none."""
    return next((run for run in known if run.id == place.number("run")), known[0] if known else None)


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run in the list, with the number of the round that it opened (None if it has opened none)."""

    run: Run
    selection: str
    settings: str
    state: str
    opened: int | None


def runs_html(connection: Connection, place: Place, known: list[Run]) -> Markup:
    """Every run with its state and the round that it opened."""
    if not known:
        return NOTHING
    project = known[0].project
    found = jobs.jobs_of(connection, project, limit=1000)
    by_run = {job.args.get("run"): job for job in reversed(found) if job.kind == "tune"}
    selections = {each.id: each for each in store.selections_of(connection, project)}
    opened = {round_.run: round_.number for round_ in store.rounds_of(connection, project)}
    rows = [
        RunRow(
            run=run,
            selection=_selection_text(run, selections.get(run.selection)),
            settings=settings_text(run.settings),
            state=_state(run, by_run.get(run.id)),
            opened=opened.get(run.id),
        )
        for run in known[:MAX_RUNS]
    ]
    return render("tuning/runs.html", place=place, rows=rows)


def _selection_text(run: Run, selection: SelectionSummary | None) -> str:
    if selection is None:
        return str(run.selection)
    return f"{selection.id} · {selection.arm}, {selection.chosen:,} samples"


def settings_text(own: TuningSettings) -> str:
    """A run's settings in one line."""
    name = preset_in(own)
    passes = f"{own.epochs:g} {'epoch' if own.epochs == 1 else 'epochs'}"
    more = f", projector {own.projector_rate:g}" if own.projector_rate else ""
    said = f"rank {own.rank}, rate {own.learning_rate:g}{more}, {passes}, seed {own.seed}"
    return f"{PRESETS[name]}: {said}" if name else said


def settings_json(settings: TuningSettings) -> str:
    """The settings of the form, as the command "tuning-settings" reads them."""
    return json.dumps({each.name: getattr(settings, each.name) for each in FIELDS} | {"start": settings.start})


def _state(run: Run, job: Job | None) -> str:
    if run.adapter:
        return "done"
    if job is None:
        return "not started"
    if job.state == "running":
        return f"running, {job.done:,} of {job.total:,} updates" if job.total else "starting"
    return str(job.state)


def run_html(db: Database, connection: Connection, place: Place, run: Run, updates: list[Update]) -> Markup:
    """One run: how far it is, its checkpoints, and the command that starts the same run."""
    job = job_of(connection, run)
    tuned_further = store.round_of(connection, run.from_round).adapter
    return render(
        "tuning/run.html",
        run=run,
        job=job,
        is_active=job is not None and job.state in jobs.ACTIVE,
        state=_state(run, job),
        settings=settings_text(run.settings),
        settings_json=settings_json(run.settings),
        start=STARTS[run.settings.start] if tuned_further else "The base model",
        updates=updates,
        seconds_left=seconds_left(run.settings, updates) if updates else 0.0,
        checkpoints=[
            (checkpoint, datetime.fromtimestamp(checkpoint.written, UTC).isoformat())
            for checkpoint in checkpoints_of(db, run)
        ],
        command_line=tune_command(place.project, db.data, run.selection, run.settings),
        gib=GIB,
        mib=MIB,
    )


def seconds_left(settings: TuningSettings, updates: list[Update]) -> float:
    """How many seconds the rest of a run takes at the mean pace of its newest updates; 0 where that is unknown."""
    recent = [update.samples_per_second for update in updates[-RECENT_UPDATES:] if update.samples_per_second > 0]
    if not recent:
        return 0.0
    samples = settings.batch_size * settings.accumulation
    mean = sum(samples / pace for pace in recent) / len(recent)
    return (updates[-1].total - updates[-1].number) * mean
