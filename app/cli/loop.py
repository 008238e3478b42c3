"""Commands of the loop: predict, diagnose, and loop, which runs them in order.

Each queues a job, follows it with a progress bar and shows what came out. Loads no model itself.
"""

from typing import Annotated, Any

import typer

from app.cli.review import comparison_data
from app.cli.terminal import ProjectArgument, RoundOption, Shown, Terminal
from app.comparisons.paired import compare_rounds
from app.endpoints.spending import estimate_diagnose, estimate_predict, estimate_text
from app.jobs.queue import put_diagnose, put_predict, put_tune
from app.projects.lookup import find_project, find_round
from app.projects.status import job_row, project_status
from app.rendering.terminal_tables import comparison_table
from app.reviews.verdicts import accept_all
from app.selections.draw import make_selection
from app.settings import AppSettings
from core.errors import UserError
from core.types import Role
from storage.database import Database
from storage.jobs import Job

EstimateOption = Annotated[
    bool, typer.Option(help="Only say what it would ask of an endpoint, and what it would cost.")
]
BudgetOption = Annotated[int, typer.Option(help="How many support samples to tune on.")]


def predict(
    terminal: Terminal,
    project: ProjectArgument,
    round: RoundOption = None,
    set: Annotated[str, typer.Option("--set", help="validation, test or both")] = "both",
    estimate: EstimateOption = False,
) -> Shown:
    """Let the round's student answer the validation and test sets."""
    roles: dict[str, tuple[Role, ...]] = {
        "validation": ("validation",),
        "test": ("test",),
        "both": ("validation", "test"),
    }
    if set not in roles:
        raise UserError(f"There is no set '{set}': choose validation, test or both.")
    with terminal.database() as db:
        if estimate:
            return _estimated(estimate_predict(db, project, round=round, roles=roles[set]))
        return followed(terminal, db, project, put_predict(db, project, round=round, roles=roles[set]))


def diagnose(
    terminal: Terminal, project: ProjectArgument, round: RoundOption = None, estimate: EstimateOption = False
) -> Shown:
    """Find the mistake step and name the missing skill of each wrong validation answer."""
    with terminal.database() as db:
        if estimate:
            return _estimated(estimate_diagnose(db, project, round=round))
        return followed(terminal, db, project, put_diagnose(db, project, round=round))


def loop(terminal: Terminal, project: ProjectArgument, budget: BudgetOption) -> Shown:
    """One whole round: predict, diagnose, accept what nobody reviewed, select, tune, predict again, compare."""
    with terminal.database() as db:
        with db.read() as connection:
            before = find_round(connection, find_project(connection, project), None).number
        terminal.follow(db, put_predict(db, project, round=before))
        terminal.follow(db, put_diagnose(db, project))
        accepted = accept_all(db, project, reviewer=AppSettings().reviewer)
        terminal.say(f"Accepted {accepted} diagnoses that nobody had reviewed.")
        selection = make_selection(db, project, budget=budget)
        terminal.follow(db, put_tune(db, project, selection=selection.id))
        terminal.follow(db, put_predict(db, project))
        rounds = (before, project_status(db, project)["rounds"][-1]["round"])
        role: Role = "test" if project_status(db, project)["rounds"][-1]["test_samples"] else "validation"
        found = compare_rounds(db, project, *rounds, role=role)
    shown = {"accepted": accepted, "selection": selection.id} | comparison_data(found, rounds)
    return Shown(data=shown, text=comparison_table(found, rounds))


def _estimated(shown: dict[str, Any]) -> Shown:
    return Shown(data=shown, text=estimate_text(shown))


def followed(terminal: Terminal, db: Database, project: str, job: Job) -> Shown:
    """Wait for a job, then say what came out and what comes next."""
    ended = terminal.follow(db, job)
    status = project_status(db, project)
    said = f" {ended.message.rstrip('.')}." if ended.message and ended.kind != "tune" else ""
    text = f"{ended.kind}: {ended.done} of {ended.total}.{said} {status['next']}"
    return Shown(data={"job": job_row(ended), "rounds": status["rounds"]}, text=text)
