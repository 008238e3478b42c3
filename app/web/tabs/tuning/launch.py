"""The next run on the Tuning tab: the selection that it learns from, what it will take, and its command."""

from pathlib import Path

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.formatting import clock, count, duration, percent
from app.rendering.templates import NOTHING, macro, render
from app.tuning.options import STARTS, tune_command
from app.tuning.runs import job_of, unfinished_run
from app.web.page.place import Place
from core.endpoints.addresses import parse_endpoint
from core.types import TuningEstimate, TuningSettings
from storage import jobs, store
from storage.jobs import Job
from storage.store import Project, SelectionSummary

GIB = 2**30
MAX_SELECTIONS = 100
MAX_DIFFERENCES = 4


def chosen_selection(connection: Connection, place: Place, project_id: int) -> SelectionSummary | None:
    """The selection in the URL, else the newest; None if there is none."""
    known = store.selections_of(connection, project_id)
    return next((each for each in known if each.id == place.number("selection")), next(iter(known), None))


def launch_html(connection: Connection, place: Place, project: Project, data: Path) -> Markup:
    """Which selection is tuned on next, and which round it starts from."""
    if parse_endpoint(project.student):
        return macro(
            "empty",
            "Nothing to tune here",
            f"The student {project.student} answers behind an endpoint: export the selection, tune it where it runs.",
        )
    chosen = chosen_selection(connection, place, project.id)
    if chosen is None:
        go = macro("nav", place.link(tab="selection", sample=None), "Go to Selection", "button primary")
        return macro("empty", "Nothing to tune on yet", "A tuning run learns from a selection: make one first.", go)
    known = store.selections_of(connection, project.id)
    note = (
        f"Tunes the student on {count(chosen.chosen, 'sample')} and opens round "
        f"{len(store.rounds_of(connection, project.id))} with the adapter; {_start_note(connection, chosen, data)}."
    )
    run = unfinished_run(connection, project.id, chosen.id, project.settings.tuning)
    last = run and job_of(connection, run)
    if run is not None and not (last and last.state in jobs.ACTIVE):
        note += f" Run {run.id} of the same selection and settings is unfinished: starting goes on with it."
    return render(
        "tuning/launch.html",
        names=[(str(each.id), f"{each.id} · {each.arm}, {each.chosen:,} samples") for each in known[:MAX_SELECTIONS]],
        selection=chosen.id,
        note=note,
    )


def _start_note(connection: Connection, chosen: SelectionSummary, data: Path) -> str:
    round_ = store.round_of(connection, chosen.round)
    if not round_.adapter:
        return f"round {round_.number} is the base model, so both starts are the same"
    if (data / "adapters" / round_.adapter).is_dir():
        return f"round {round_.number}'s adapter is there to be trained further"
    return (
        f"round {round_.number}'s adapter is gone from {data / 'adapters'}: put {round_.adapter} back there from a "
        "backup, or start from the base model"
    )


def estimate_html(connection: Connection, place: Place, project: Project, data: Path) -> Markup:
    """What a run with the project's settings takes, as far as it was measured, and the command that starts it."""
    chosen = chosen_selection(connection, place, project.id)
    if chosen is None or parse_endpoint(project.student):
        return NOTHING
    settings = project.settings.tuning
    found = store.tuning_estimate_of(connection, chosen.id)
    estimate = found.estimate if found and found.estimate.measured else None
    return render(
        "tuning/estimate.html",
        selection=chosen.id,
        measuring=_measuring_job(connection, project, chosen),
        estimate=estimate,
        measured_at=found.created if found else "",
        differences=_differences(found.settings, settings) if found else "",
        tiles=_tiles(estimate) if estimate else [],
        remarks=_remarks(estimate, settings, found.created) if estimate and found else [],
        command_line=tune_command(project.name, data, chosen.id, settings),
        gib=GIB,
    )


def _measuring_job(connection: Connection, project: Project, chosen: SelectionSummary) -> Job | None:
    for job in jobs.jobs_of(connection, project.id):
        if job.kind == "measure" and job.state in jobs.ACTIVE and job.args["selection"] == chosen.id:
            return job
    return None


def _tiles(estimate: TuningEstimate) -> list[tuple[str, str]]:
    """What the run takes, as pairs of a value and its unit."""
    share = estimate.memory / estimate.capacity if estimate.capacity else 0.0
    return [
        ("about " + duration(estimate.seconds), f"for {count(estimate.updates, 'update')}"),
        (f"{estimate.memory / GIB:.1f} GiB", f"memory, {percent(share, 0)} of what is there"),
        (f"{estimate.samples_per_second:,.1f}", "samples a second"),
        (f"{estimate.trainable / 1e6:,.2f} M", f"of {estimate.parameters / 1e6:,.1f} M parameters tuned"),
    ]


def _remarks(estimate: TuningEstimate, settings: TuningSettings, measured_at: str) -> list[str]:
    remarks = [
        f"Measured {clock(measured_at)} by {count(estimate.measured, 'update')} on {estimate.device}",
        f"{count(estimate.samples, 'sample')} of {percent(1 - estimate.padding, 0)} real tokens",
    ]
    if estimate.left_out:
        remarks.append(f"{count(estimate.left_out, 'sample')} cannot be learned (no reply, or too long)")
    if estimate.batch_size < settings.batch_size:
        remarks.append(f"the memory fits batches of {estimate.batch_size}: the run will halve them by itself")
    return remarks


def _differences(one: TuningSettings, other: TuningSettings) -> str:
    """The settings that differ, with their values in ``one``; "" if none do."""
    changed = [name for name in vars(one) if getattr(one, name) != getattr(other, name)]
    return ", ".join(
        f"{name.replace('_', ' ')} {STARTS.get(str(getattr(one, name)), getattr(one, name))}"
        for name in changed[:MAX_DIFFERENCES]
    )
