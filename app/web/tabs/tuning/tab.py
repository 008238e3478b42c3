"""The Tuning tab: presets and settings, an estimate of what a run takes, launch, progress, and every run.

Changed settings are saved in the project at once, so that command and estimate match the form. Progress is drawn from
the updates that the worker saves, so it is complete after a reload.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.jobs.queue import put_measure, put_tune
from app.projects import configuration
from app.projects.lookup import find_project
from app.rendering.charts import progress_figure
from app.rendering.templates import macro
from app.tuning.options import FIELDS, PRESETS, STARTS, preset_in, read_settings, with_preset
from app.tuning.runs import resume_run
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Command, Page, Parts, TabView, notice, number_in, text_in
from app.web.page.place import Place
from app.web.tabs.tuning.launch import chosen_selection, estimate_html, launch_html
from app.web.tabs.tuning.runs import chosen_run, run_html, runs_html, settings_json
from core.errors import UserError
from core.types import TuningSettings
from storage import store

PLOT_LABEL = "Loss, learning rate, samples a second and memory over the updates"


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    launch = page.part("launch")
    preset, start, fields = _form(page)
    estimate = page.part("estimate")
    with gr.Row(elem_id="tuning-buttons"):
        go = page.output(gr.Button("Start tuning", variant="primary", elem_id="start-tuning", visible=False))
        look = page.output(gr.Button("Measure first", elem_id="measure-tuning", visible=False))
    run = page.part("run")
    progress = page.part("progress", None, html_template=str(macro("plot", PLOT_LABEL)))
    runs = page.part("runs")
    form = [*fields, start]

    def follow(place: Place) -> Parts:
        with page.db.read() as connection:
            project = find_project(connection, place.project)
            known = store.runs_of(connection, project.id)
            chosen = chosen_run(place, known)
            updates = store.updates_of(connection, chosen.id) if chosen else []
            ready = chosen_selection(connection, place, project.id) is not None
            return {
                launch: launch_html(connection, place, project, page.db.data),
                estimate: estimate_html(connection, place, project, page.db.data),
                **{button: gr.Button(visible=ready) for button in (go, look)},
                progress: progress_figure(updates) if updates else None,
                run: run_html(page.db, connection, place, chosen, updates) if chosen else "",
                runs: runs_html(connection, place, known),
            }

    def show(place: Place) -> Parts:
        if not place.project:
            hidden = {button: gr.Button(visible=False) for button in (go, look)}
            nothing = macro("no_project")
            return {launch: nothing, estimate: "", **hidden, run: "", progress: None, runs: ""}
        return {**follow(place), **filled(_own(page, place))}

    def filled(settings: TuningSettings) -> Parts:
        numbers = {part: getattr(settings, each.name) for part, each in zip(fields, FIELDS, strict=True)}
        return {**numbers, start: settings.start, preset: gr.Radio(value=preset_in(settings))}

    def saved(place: Place, *values: Any) -> TuningSettings:
        """The settings of the form, saved in the project."""
        given = dict(zip((*(each.name for each in FIELDS), "start"), values, strict=True))
        settings = read_settings(_own(page, place), given)
        configuration.save_tuning(page.db, place.project, settings)
        return settings

    def save(place: Place, *values: Any) -> Parts:
        settings = saved(place, *values)
        with page.db.read() as connection:
            now = estimate_html(connection, place, find_project(connection, place.project), page.db.data)
        return {estimate: now, preset: gr.Radio(value=preset_in(settings))}

    def choose(place: Place, name: Any) -> Parts:
        before = _own(page, place)
        settings = with_preset(before, str(name))
        configuration.save_tuning(page.db, place.project, settings)
        return {**show(place), page.notice: _preset_notice(f"{PRESETS[str(name)]} is filled in.", before, settings)}

    def tune(place: Place, *values: Any) -> Parts:
        saved(place, *values)
        put_tune(page.db, place.project, selection=place.number("selection"))
        return page.start_worker(place.without("run"))

    def measure(place: Place, *values: Any) -> Parts:
        saved(place, *values)
        put_measure(page.db, place.project, selection=place.number("selection"))
        return page.start_worker(place)

    for part in fields:
        for event in (part.blur, part.submit):
            page.listen(event, save, form)
    for event, work, inputs in (
        (start.input, save, form),
        (preset.input, choose, [preset]),
        (go.click, tune, form),
        (look.click, measure, form),
    ):
        page.listen(event, work, inputs)
    page.commands |= _commands(page)
    return TabView(show=show, follow=follow)


def _form(page: Page) -> tuple[Any, Any, list[Any]]:
    """The preset, where to start from, and the settings, folded."""
    with gr.Row(elem_id="tuning-choices"):
        preset = page.output(
            gr.Radio(
                [(label, name) for name, label in PRESETS.items()], label="Preset", elem_id="preset", min_width=420
            )
        )
        start = page.output(
            gr.Radio([(label, name) for name, label in STARTS.items()], label="Start from", elem_id="tune-start")
        )
    with gr.Accordion("Settings of the next run", open=False, elem_id="tuning-settings"):
        fields = _fields(page)
    return preset, start, fields


def _fields(page: Page) -> list[Any]:
    """The number fields, in rows that fit 1280 pixels."""
    made: list[Any] = []
    for first in range(0, len(FIELDS), 5):
        with gr.Row():
            for each in FIELDS[first : first + 5]:
                field = gr.Number(
                    label=each.label,
                    info=each.about,
                    precision=0 if each.whole else None,
                    elem_id=f"set-{each.name}",
                    min_width=150,
                )
                made.append(page.output(field))
    return made


def _own(page: Page, place: Place) -> TuningSettings:
    with page.db.read() as connection:
        return find_project(connection, place.project).settings.tuning


def _preset_notice(sentence: str, before: TuningSettings, now: TuningSettings) -> str:
    """A notice with a button that restores the settings from before, if they are not a preset too."""
    if before == now or preset_in(before):
        return notice(sentence)
    back = macro("command", "tuning-settings", "Take back", "button small", settings=settings_json(before))
    return notice(sentence, action=back)


def _commands(page: Page) -> dict[str, Command]:
    def fill(place: Place, sent: Mapping[str, Any]) -> Parts:
        try:
            given = json.loads(text_in(sent, "settings", 4000))
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise UserError("The settings cannot be read: reload the page.")
        configuration.save_tuning(page.db, place.project, read_settings(_own(page, place), given))
        return {**page.refresh(place), page.notice: notice("The settings are filled in.")}

    def resume(place: Place, sent: Mapping[str, Any]) -> Parts:
        checkpoint = number_in(sent, "checkpoint") if "checkpoint" in sent else None
        resume_run(page.db, place.project, number_in(sent, "run"), checkpoint=checkpoint)
        return page.start_worker(place)

    return {"tuning-settings": fill, "tuning-resume": resume}
