"""What the next run learns from and will take, on the Tuning tab: the selection, the estimate, the command.

Renders rows; changes nothing.
"""

from pathlib import Path

from sqlalchemy import Connection

from app.rendering.formatting import count, duration, percent
from app.rendering.html import choices, clock, empty, esc, nav
from app.tuning.options import STARTS, tune_command
from app.tuning.runs import job_of, unfinished_run
from app.web.page.place import Place
from core.endpoints.addresses import parse_endpoint
from core.types import TuningEstimate, TuningSettings
from storage import jobs, store
from storage.store import Project, SelectionSummary

GIB = 2**30


def chosen_selection(connection: Connection, place: Place, project_id: int) -> SelectionSummary | None:
    """The selection of the URL, else the newest; None where there is none."""
    known = store.selections_of(connection, project_id)
    return next((each for each in known if each.id == place.number("selection")), next(iter(known), None))


def launch_html(connection: Connection, place: Place, project: Project, data: Path) -> str:
    """Which selection is tuned on next, and which round it starts from."""
    if parse_endpoint(project.student):
        return empty(
            "Nothing to tune here",
            f"The student {project.student} answers behind an endpoint: export the selection, tune it where it runs.",
        )
    chosen = chosen_selection(connection, place, project.id)
    if chosen is None:
        go = nav(place.link(tab="selection", sample=None), "Go to Selection", "button primary")
        return empty("Nothing to tune on yet", "A tuning run learns from a selection: make one first.", go)
    known = store.selections_of(connection, project.id)
    names = [(str(each.id), f"{each.id} · {each.arm}, {each.chosen:,} samples") for each in known[:100]]
    pick = choices("selection", "Selection", names, str(chosen.id))
    round_ = store.round_of(connection, chosen.round)
    start = f"round {round_.number} is the base model, so both starts are the same"
    if round_.adapter:
        start = f"round {round_.number}'s adapter is there to be trained further"
        if not (data / "adapters" / round_.adapter).is_dir():
            start = (
                f"round {round_.number}'s adapter is gone from {data / 'adapters'}: put {round_.adapter} back there "
                "from a backup, or start from the base model"
            )
    note = (
        f"Tunes the student on {count(chosen.chosen, 'sample')} and opens round "
        f"{len(store.rounds_of(connection, project.id))} with the adapter; {start}."
    )
    run = unfinished_run(connection, project.id, chosen.id, project.settings.tuning)
    last = run and job_of(connection, run)
    if run is not None and not (last and last.state in jobs.ACTIVE):
        note += f" Run {run.id} of the same selection and settings is unfinished: starting goes on with it."
    return f'<div class="row">{pick}<p class="subdued" dir="auto">{esc(note)}</p></div>'


def estimate_html(connection: Connection, place: Place, project: Project, data: Path) -> str:
    """What a run with the project's settings takes, as far as it was measured, and the command that does the same."""
    chosen = chosen_selection(connection, place, project.id)
    if chosen is None or parse_endpoint(project.student):
        return ""
    settings = project.settings.tuning
    line = tune_command(project.name, data, chosen.id, settings)
    return (
        f'<div class="estimate">{_measured(connection, project, chosen, settings)}'
        '<details data-keep="tune-command"><summary>The same on the command line</summary>'
        f'<code class="copy">{esc(line)}</code></details></div>'
    )


def _measured(connection: Connection, project: Project, chosen: SelectionSummary, settings: TuningSettings) -> str:
    for job in jobs.jobs_of(connection, project.id):
        if job.kind == "measure" and job.state in jobs.ACTIVE and job.args["selection"] == chosen.id:
            so_far = f", {job.done} of {job.total} updates" if job.total else ""
            return f'<p class="facts" aria-live="polite">Measuring on selection {chosen.id}{so_far} …</p>'
    found = store.tuning_estimate_of(connection, chosen.id)
    if found is None or not found.estimate.measured:
        return (
            '<p class="subdued">Not measured yet: <b>Measure first</b> makes a few real updates, throws them away, and '
            "says what memory and time the run will take.</p>"
        )
    if found.settings != settings:
        took = f"about {duration(found.estimate.seconds)}, {found.estimate.memory / GIB:.1f} GiB"
        return (
            f'<p class="subdued">Measured {clock(found.created)} with other settings '
            f"({_difference(found.settings, settings)}): {took}. Measure again for these.</p>"
        )
    return _tiles(found.estimate, settings) + _remarks(found.estimate, settings, found.created)


def _tiles(found: TuningEstimate, settings: TuningSettings) -> str:
    share = found.memory / found.capacity if found.capacity else 0.0
    tiles = (
        ("about " + duration(found.seconds), f"for {count(found.updates, 'update')}"),
        (f"{found.memory / GIB:.1f} GiB", f"memory, {percent(share, 0)} of what is there"),
        (f"{found.samples_per_second:,.1f}", "samples a second"),
        (f"{found.trainable / 1e6:,.2f} M", f"of {found.parameters / 1e6:,.1f} M parameters tuned"),
    )
    cells = "".join(f'<div class="tile"><b>{esc(value)}</b><span>{esc(what)}</span></div>' for value, what in tiles)
    return f'<div class="tiles">{cells}</div>'


def _remarks(found: TuningEstimate, settings: TuningSettings, when: str) -> str:
    said = [
        f"Measured {clock(when)} by {count(found.measured, 'update')} on {found.device}",
        f"{count(found.samples, 'sample')} of {percent(1 - found.padding, 0)} real tokens",
    ]
    if found.left_out:
        said.append(f"{count(found.left_out, 'sample')} cannot be learned (no reply, or too long)")
    if found.batch_size < settings.batch_size:
        said.append(f"the memory fits batches of {found.batch_size}: the run will halve them by itself")
    return f'<p class="facts">{esc(" · ".join(said))}</p>'


def _difference(one: TuningSettings, other: TuningSettings) -> str:
    """Which settings differ, in words."""
    changed = [name for name in vars(one) if getattr(one, name) != getattr(other, name)]
    shown = [
        f"{name.replace('_', ' ')} {STARTS.get(str(getattr(one, name)), getattr(one, name))}" for name in changed[:4]
    ]
    return esc(", ".join(shown))
