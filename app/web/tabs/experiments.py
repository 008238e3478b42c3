"""The Experiments tab: every arm of the paper on this project, its tables and plot, and ways to find mistakes compared.

The form is filled in from the newest experiment, so that going on is one click. Reads measured trials; tunes nothing.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from app.experiments import requirements
from app.experiments.identification import identification_report_if_ready
from app.experiments.results import NAMES, Results, results, tuned_on_text
from app.jobs.queue import put_experiment, put_identify
from app.projects.lookup import find_project
from app.rendering.charts import outcome_figure
from app.rendering.formatting import count, percent, points
from app.rendering.html import empty, esc, table
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, TabView
from app.web.page.place import Place
from core.errors import UserError
from core.evaluation.comparison import format_p_value
from core.evaluation.experiment import ARMS
from core.evaluation.identification import IdentificationResult
from storage import jobs
from storage.database import Database

PLOT = (
    '<div class="plotbox"><div class="plot" role="img" aria-label="Test accuracy against the number of samples tuned '
    'on, a line for each arm"></div></div>'
)
ABOUT = (
    "Each arm chooses training samples in its own way; the student of this round is tuned on them and measured on the "
    "test set, once a seed. Trials are one job, hidden from the rounds; run again, it goes on where it stopped."
)


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    head = page.part("experiments")
    arms, budgets, seeds, at_once = form = _form(page)
    with gr.Row(elem_id="experiment-buttons"):
        go = page.output(gr.Button("Run the experiment", variant="primary", elem_id="run-experiment"))
        ask = page.output(gr.Button("Compare ways to find mistakes", elem_id="run-identify"))
    plot = page.part("outcomes", None, html_template=PLOT)
    tables = page.part("experiment-tables")

    def follow(place: Place) -> Parts:
        found = results(page.db, place.project, place.round)
        ways = identification_report_if_ready(page.db, place.project, place.round)
        return {
            head: head_html(place, found, ways),
            plot: outcome_figure(found.outcomes, NAMES) if found.outcomes else None,
            tables: tables_html(found, ways),
        }

    def show(place: Place) -> Parts:
        if not place.project:
            return {head: empty("No project", "Make a project first: the button is above."), plot: None, tables: ""}
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


def head_html(place: Place, found: Results, ways: Sequence[IdentificationResult]) -> str:
    """What an experiment is, how far this one is, and the tables as a file."""
    said = f'<p class="subdued">{ABOUT}</p>'
    state = []
    if found.outcomes:
        state.append(f"measured on {count(found.samples, 'test sample')}")
    if found.open:
        state.append(f"{count(found.open, 'trial')} not measured yet: run it again to go on")
    if found.others:
        state.append(f"{count(found.others, 'trial')} of other settings or verdicts do not count here")
    if state:
        said += f"<p>Round {place.round}: {'; '.join(state)}.</p>"
    if found.outcomes or ways:
        query = urlencode({"project": place.project, "round": place.round})
        said += f'<p><a href="/export/experiment.md?{esc(query)}" download>Download the tables as Markdown</a></p>'
    return said


def tables_html(found: Results, ways: Sequence[IdentificationResult]) -> str:
    """Accuracy of every arm, what targeted gains over each other one, and who finds the known mistake steps."""
    if not found.outcomes and not ways and not found.refused:
        return '<p class="subdued">Nothing is measured yet.</p>'
    refused = "".join(
        f'<p class="subdued" dir="auto">Not done: {esc(name)}. {esc(why)}</p>' for name, why in found.refused
    )
    return _arms_table(found) + _tests_table(found) + refused + _ways_table(ways)


def _arms_table(found: Results) -> str:
    rows = [
        (
            esc(NAMES[each.arm]),
            tuned_on_text(each),
            str(len(each.seeds)),
            f"<b>{percent(each.mean.value)}</b>",
            percent(each.deviation) if len(each.seeds) > 1 else "–",
            f"{percent(each.mean.low)} to {percent(each.mean.high)}",
        )
        for each in found.outcomes
    ]
    heads = ("Arm", "#Tuned on", "#Seeds", "#Test accuracy", "#± s.d.", "#95 % interval")
    return table(heads, rows, caption="Accuracy on the test set, mean over seeds") if rows else ""


def _tests_table(found: Results) -> str:
    rows = [
        (
            esc(NAMES[each.against]),
            f"{each.budget:,}",
            f"<b>{points(each.difference.value)}</b>",
            f"{points(each.difference.low)} to {points(each.difference.high)}",
            esc(format_p_value(each.p_value)),
        )
        for each in found.tests
    ]
    title = "Paired on the same seeds and samples (bootstrap; permutation test)"
    return table(("Targeted minus", "#Budget", "#Points", "#95 % interval", "#p"), rows, caption=title) if rows else ""


def _ways_table(ways: Sequence[IdentificationResult]) -> str:
    if not ways:
        return ""
    rows = [
        (
            esc(NAMES.get(way.method, way.method)),
            f"<b>{percent(way.exact.value)}</b>",
            f"{percent(way.exact.low)} to {percent(way.exact.high)}",
            percent(way.near.value),
            esc(way.settings),
        )
        for way in ways
    ]
    title = f"Known mistake steps found, on {count(ways[0].errors, 'error')}; settings chosen on the other half"
    heads = ("Mistake step found by", "#Exactly", "#95 % interval", "#Within one step", "Settings")
    return table(heads, rows, caption=title)


def _form(page: Page) -> tuple[Any, Any, Any, Any]:
    names = [(NAMES[arm], arm) for arm in ARMS]
    arms = page.output(gr.CheckboxGroup(names, label="Arms", elem_id="experiment-arms"))
    with gr.Row(elem_id="experiment-sizes"):
        budgets = page.output(gr.Textbox(label="Budgets, separated by commas", elem_id="experiment-budgets"))
        seeds = page.output(gr.Number(label="Seeds", precision=0, minimum=1, elem_id="experiment-seeds"))
        at_once = page.output(gr.Number(label="Trials at a time", precision=0, minimum=1, elem_id="experiment-at-once"))
    return arms, budgets, seeds, at_once


def _asked_last(db: Database, place: Place) -> tuple[list[str], str, int, int]:
    """What the newest experiment of the project was asked for; everything, where there was none."""
    with db.read() as connection:
        project = find_project(connection, place.project)
        last = next((job.args for job in jobs.jobs_of(connection, project.id) if job.kind == "experiment"), {})
    budgets = ", ".join(str(each) for each in last.get("budgets", (500, 1000, 2000)))
    return list(last.get("arms", ARMS)), budgets, last.get("seeds", 5), last.get("at_once", 1)


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1000:
        raise UserError(f"The number of {what} is a whole number from 1 to 1,000.")
    return int(value)
