"""The Experiments tab: the arms of the paper on this project with tables and a plot, and methods to find mistakes.

The form has the values of the newest experiment, so that one click continues it.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from app.experiments import requirements
from app.experiments.identification import identification_report_if_ready
from app.experiments.results import NAMES, Results, results, tuned_on_text
from app.jobs.queue import put_experiment, put_identify
from app.projects.lookup import find_project
from app.rendering.charts import outcome_figure
from app.rendering.formatting import count
from app.rendering.templates import macro, render
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, TabView
from app.web.page.place import Place
from core.errors import UserError
from core.evaluation.comparison import format_p_value
from core.evaluation.experiment import ARMS
from core.evaluation.identification import IdentificationResult
from storage import jobs
from storage.database import Database

PLOT_LABEL = "Test accuracy against the number of samples tuned on, a line for each arm"


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    head = page.part("experiments")
    arms, budgets, seeds, at_once = form = _form(page)
    with gr.Row(elem_id="experiment-buttons"):
        go = page.output(gr.Button("Run the experiment", variant="primary", elem_id="run-experiment"))
        ask = page.output(gr.Button("Compare ways to find mistakes", elem_id="run-identify"))
    plot = page.part("outcomes", None, html_template=str(macro("plot", PLOT_LABEL)))
    tables = page.part("experiment-tables")

    def follow(place: Place) -> Parts:
        found = results(page.db, place.project, place.round)
        methods = identification_report_if_ready(page.db, place.project, place.round)
        return {
            head: head_html(place, found, methods),
            plot: outcome_figure(found.outcomes, NAMES) if found.outcomes else None,
            tables: tables_html(found, methods),
        }

    def show(place: Place) -> Parts:
        if not place.project:
            nothing = macro("no_project")
            return {head: nothing, plot: None, tables: ""}
        return {**follow(place), **dict(zip(form, _asked_last(page.db, place), strict=True))}

    def run(place: Place, chosen: Any, sizes: Any, times: Any, side: Any) -> Parts:
        wanted = [str(arm) for arm in chosen or ()]
        put_experiment(
            page.db,
            place.project,
            arms=wanted,
            budgets=requirements.parse_budgets(str(sizes)),
            seeds=_whole(times, "seeds"),
            round_number=place.round,
            at_once=_whole(side, "trials at a time"),
        )
        return page.start_worker(place)

    def identify(place: Place) -> Parts:
        put_identify(page.db, place.project, round_number=place.round)
        return page.start_worker(place)

    page.listen(go.click, run, [arms, budgets, seeds, at_once])
    page.listen(ask.click, identify)
    return TabView(show=show, follow=follow)


def head_html(place: Place, found: Results, methods: Sequence[IdentificationResult]) -> Markup:
    """What an experiment is, how far this one is, and its tables as a file."""
    progress = []
    if found.outcomes:
        progress.append(f"measured on {count(found.samples, 'test sample')}")
    if found.open:
        progress.append(f"{count(found.open, 'trial')} not measured yet: run it again to go on")
    if found.others:
        progress.append(f"{count(found.others, 'trial')} of other settings or verdicts do not count here")
    query = urlencode({"project": place.project, "round": place.round})
    return render(
        "experiments/head.html",
        round=place.round,
        progress=progress,
        download_query=query if found.outcomes or methods else "",
    )


def tables_html(found: Results, methods: Sequence[IdentificationResult]) -> Markup:
    """Accuracy of every arm, what targeted gains over the others, and which method finds the known mistake steps."""
    return render(
        "experiments/tables.html",
        results=found,
        methods=methods,
        names=NAMES,
        tuned_on_text=tuned_on_text,
        p_value_text=format_p_value,
    )


def _form(page: Page) -> tuple[Any, Any, Any, Any]:
    names = [(NAMES[arm], arm) for arm in ARMS]
    arms = page.output(gr.CheckboxGroup(names, label="Arms", elem_id="experiment-arms"))
    with gr.Row(elem_id="experiment-sizes"):
        budgets = page.output(gr.Textbox(label="Budgets, separated by commas", elem_id="experiment-budgets"))
        seeds = page.output(gr.Number(label="Seeds", precision=0, minimum=1, elem_id="experiment-seeds"))
        at_once = page.output(gr.Number(label="Trials at a time", precision=0, minimum=1, elem_id="experiment-at-once"))
    return arms, budgets, seeds, at_once


def _asked_last(db: Database, place: Place) -> tuple[list[str], str, int, int]:
    """The form's values of the project's newest experiment; the default ones if there was none."""
    with db.read() as connection:
        project = find_project(connection, place.project)
        last = next((job.args for job in jobs.jobs_of(connection, project.id) if job.kind == "experiment"), {})
    budgets = ", ".join(str(each) for each in last.get("budgets", (500, 1000, 2000)))
    return list(last.get("arms", ARMS)), budgets, last.get("seeds", 5), last.get("at_once", 1)


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1000:
        raise UserError(f"The number of {what} is a whole number from 1 to 1,000.")
    return int(value)
