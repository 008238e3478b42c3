"""The Tuning tab: LoRA settings, launch, the loss while it runs, and every run with the command that repeats it.

The plot is drawn from the updates the worker saves, so it is whole after any reload.
"""

import shlex
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from app import actions
from app.charts import Figure, progress_figure
from app.links import Place
from app.markup import choices, clock, count, duration, empty, esc, nav
from app.page import Page, Parts, TabView
from app.projects import find_project
from app.quiet import gr
from app.worker import ensure_worker
from core.errors import UserError
from core.types import TuningSettings, Update
from storage import jobs, store
from storage.jobs import Job
from storage.store import Run, SelectionSummary

PRESETS: dict[str, TuningSettings | None] = {
    "This project's own": None,
    "LLaVA-1.5 LoRA (rank 128)": TuningSettings(),
    "Light (rank 16, for small data)": TuningSettings(rank=16, alpha=32, epochs=2.0),
}
# Field, label, smallest, largest, whole number: what the form shows in this order.
FIELDS: tuple[tuple[str, str, float, float, bool], ...] = (
    ("rank", "LoRA rank", 1, 1024, True),
    ("alpha", "LoRA alpha", 1, 4096, True),
    ("learning_rate", "Learning rate", 1e-7, 1.0, False),
    ("epochs", "Epochs", 0.01, 100, False),
    ("batch_size", "Batch size", 1, 1024, True),
    ("accumulation", "Batches per update", 1, 1024, True),
    ("warmup", "Warm-up share", 0.0, 1.0, False),
    ("seed", "Seed", 0, 2**31 - 1, True),
)
PLOT = (
    '<div class="plotbox"><div class="plot" role="img" aria-label="Loss and learning rate over the updates">'
    "</div></div>"
)


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    launch = page.part("launch")
    with gr.Accordion("Settings of the next run", open=False, elem_id="tuning-settings"):
        preset = gr.Radio(list(PRESETS), value=next(iter(PRESETS)), label="Start from", elem_id="preset")
        with gr.Row():
            fields = [
                page.output(
                    gr.Number(label=label, precision=0 if whole else None, elem_id=f"set-{name}", min_width=120)
                )
                for name, label, _, _, whole in FIELDS
            ]
    start = page.output(gr.Button("Start tuning", variant="primary", elem_id="start-tuning", visible=False))
    progress = page.part("progress", None, html_template=PLOT, head='<script src="/own/plotly.min.js"></script>')
    runs = page.part("runs")

    def follow(place: Place) -> Parts:
        with page.db.read() as c:
            project = find_project(c, place.project)
            known = store.runs_of(c, project.id)
            chosen = chosen_run(place, known)
            updates = store.updates_of(c, chosen.id) if chosen else []
            return {
                launch: launch_html(c, place, project.id),
                start: gr.Button(visible=bool(store.selections_of(c, project.id))),
                progress: _figure(updates),
                runs: runs_html(c, place, known, chosen, updates),
            }

    def show(place: Place) -> Parts:
        if not place.project:
            return {
                launch: empty("No project", "Make a project first: the button is above."),
                start: gr.Button(visible=False),
                progress: None,
                runs: "",
            }
        with page.db.read() as c:
            own = find_project(c, place.project).settings.tuning
        return {**follow(place), **_filled(fields, own)}

    def fill(place: Place, name: str) -> Parts:
        with page.db.read() as c:
            own = find_project(c, place.project).settings.tuning
        return _filled(fields, PRESETS.get(name) or own)

    def tune(place: Place, *values: Any) -> Parts:
        """Keep the form's settings for the project, then queue the run with them."""
        with page.db.write() as c:
            project = find_project(c, place.project)
            wanted = settings_of(project.settings.tuning, values)
            store.save_settings(c, project.id, replace(project.settings, tuning=wanted))
        actions.put_tune(page.db, place.project, selection=place.number("selection"))
        ensure_worker(page.db.data)
        kept = {name: value for name, value in place.choices.items() if name != "run"}
        return page.refresh(replace(place, choices=kept))

    page.listen(preset.change, fill, [preset])
    page.listen(start.click, tune, fields)
    return TabView(show=show, follow=follow)


def _filled(fields: list[Any], settings: TuningSettings) -> Parts:
    return {field: getattr(settings, name) for field, (name, *_) in zip(fields, FIELDS, strict=True)}


def settings_of(own: TuningSettings, values: tuple[Any, ...]) -> TuningSettings:
    """The form's values as settings. Raises UserError naming the field that does not hold."""
    read: dict[str, Any] = {}
    for value, (name, label, low, high, whole) in zip(values, FIELDS, strict=True):
        if not isinstance(value, int | float) or not low <= value <= high:
            raise UserError(f"{label} must be a number from {low:g} to {high:g}.")
        read[name] = int(value) if whole else float(value)
    return replace(own, **read)


def _figure(updates: list[Update]) -> Figure | None:
    return progress_figure(updates) if updates else None


def chosen_run(place: Place, known: list[Run]) -> Run | None:
    """The run of the URL, else the newest."""
    return next((run for run in known if run.id == place.number("run")), known[0] if known else None)


def launch_html(c: Connection, place: Place, project_id: int) -> str:
    """Which selection is tuned on next."""
    known = store.selections_of(c, project_id)
    if not known:
        go = nav(place.link(tab="selection", sample=None), "Go to Selection", "button primary")
        return empty("Nothing to tune on yet", "A tuning run learns from a selection: make one first.", go)
    chosen = next((each for each in known if each.id == place.number("selection")), known[0])
    names = [(str(each.id), f"{each.id} · {each.arm}, {each.chosen:,} samples") for each in known[:100]]
    pick = choices("selection", "Selection", names, str(chosen.id))
    note = f"Tunes the student on {count(chosen.chosen, 'sample')} and opens the next round with the adapter."
    return f'<div class="row">{pick}<p class="subdued">{note}</p></div>'


def runs_html(c: Connection, place: Place, known: list[Run], chosen: Run | None, updates: list[Update]) -> str:
    """Every run with its state and result, and for the chosen one its figures and the command that repeats it."""
    if chosen is None:
        return ""
    found = jobs.jobs_of(c, chosen.project)
    by_run = {job.args.get("run"): job for job in reversed(found) if job.kind == "tune"}
    selections = {each.id: each for each in store.selections_of(c, chosen.project)}
    opened = {each.run: each.number for each in store.rounds_of(c, chosen.project)}
    rows = "".join(
        f"<tr{' class=on' if run.id == chosen.id else ''}>"
        + "".join(f"<td>{cell}</td>" for cell in _cells(place, run, by_run.get(run.id), selections.get(run.selection)))
        + f"<td>{opened.get(run.id, '–')}</td></tr>"
        for run in known[:50]
    )
    heads = "".join(f"<th scope=col>{name}</th>" for name in ("Run", "Selection", "Settings", "State", "Opens round"))
    listed = (
        f'<div class="scroll"><table class="runs"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return f"{_figures(chosen, updates)}{listed}{_command(place, chosen)}"


def _cells(place: Place, run: Run, job: Job | None, selection: SelectionSummary | None) -> list[str]:
    own = run.settings
    state: str = "done" if run.adapter else job.state if job else "not started"
    if job is not None and state == "running":
        state = f"running, {job.done:,} of {job.total:,} updates" if job.total else "starting"
    said = f"{selection.id} · {selection.arm}, {selection.chosen:,} samples" if selection else str(run.selection)
    link = nav(place.link(run=run.id), f"Run {run.id}", "")
    passes = f"{own.epochs:g} {'epoch' if own.epochs == 1 else 'epochs'}"
    return [
        f"{link} <small class=subdued>{clock(run.created)}</small>",
        esc(said),
        f"rank {own.rank}, rate {own.learning_rate:g}, {passes}, seed {own.seed}",
        esc(state),
    ]


def _figures(chosen: Run, updates: list[Update]) -> str:
    if not updates:
        return f'<p class="subdued">Run {chosen.id} has no update yet.</p>'
    last = updates[-1]
    left = (last.total - last.number) * chosen.settings.batch_size * chosen.settings.accumulation
    rest = (
        f" · about {duration(left / last.samples_per_second)} left"
        if last.number < last.total and last.samples_per_second
        else ""
    )
    return (
        f'<p class="facts">Run {chosen.id}: update <b>{last.number:,}</b> of {last.total:,} · epoch '
        f"{last.epoch:.2f} · loss "
        f"<b>{last.loss:.4f}</b> · {last.samples_per_second:.0f} samples/s{rest}</p>"
    )


def _command(place: Place, run: Run) -> str:
    """The command line that does the same as this run."""
    words = ["switchpoint", "tune", place.project, "--selection", str(run.selection), "--seed", str(run.settings.seed)]
    return f'<p class="facts">On the command line: <code class="copy">{esc(shlex.join(words))}</code></p>'
