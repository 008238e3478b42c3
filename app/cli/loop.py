"""Commands of the loop: predict, diagnose, and loop, which runs a whole round.

Each queues jobs, follows them with a progress bar and prints the results. Loads no model.
"""

from typing import Annotated, Any

import typer

from app.cli.review import comparison_data
from app.cli.terminal import Output, ProjectArgument, RoundOption, Terminal
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
    round_number: RoundOption = None,
    set: Annotated[str, typer.Option("--set", help="validation, test or both")] = "both",
    estimate: EstimateOption = False,
) -> Output:
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
            return _estimate_output(estimate_predict(db, project, round_number=round_number, roles=roles[set]))
        return run_to_end(terminal, db, project, put_predict(db, project, round_number=round_number, roles=roles[set]))


def diagnose(
    terminal: Terminal, project: ProjectArgument, round_number: RoundOption = None, estimate: EstimateOption = False
) -> Output:
    """Find the mistake step and name the missing skill of each wrong validation answer."""
    with terminal.database() as db:
        if estimate:
            return _estimate_output(estimate_diagnose(db, project, round_number=round_number))
        return run_to_end(terminal, db, project, put_diagnose(db, project, round_number=round_number))


def loop(terminal: Terminal, project: ProjectArgument, budget: BudgetOption) -> Output:
    """One whole round: predict, diagnose, accept what nobody reviewed, select, tune, predict again, compare."""
    with terminal.database() as db:
        with db.read() as connection:
            before = find_round(connection, find_project(connection, project), None).number
        terminal.follow(db, put_predict(db, project, round_number=before))
        terminal.follow(db, put_diagnose(db, project))
        accepted = accept_all(db, project, reviewer=AppSettings().reviewer)
        terminal.remark(f"Accepted {accepted} diagnoses that nobody had reviewed.")
        selection = make_selection(db, project, budget=budget)
        terminal.follow(db, put_tune(db, project, selection=selection.id))
        terminal.follow(db, put_predict(db, project))
        rounds = (before, project_status(db, project)["rounds"][-1]["round"])
        role: Role = "test" if project_status(db, project)["rounds"][-1]["test_samples"] else "validation"
        found = compare_rounds(db, project, *rounds, role=role)
    shown = {"accepted": accepted, "selection": selection.id} | comparison_data(found, rounds)
    return Output(data=shown, text=comparison_table(found, rounds))


def _estimate_output(shown: dict[str, Any]) -> Output:
    return Output(data=shown, text=estimate_text(shown))


def run_to_end(terminal: Terminal, db: Database, project: str, job: Job) -> Output:
    """Follow a job to its end; the output says what it did and which step comes next."""
    ended = terminal.follow(db, job)
    status = project_status(db, project)
    message = f" {ended.message.rstrip('.')}." if ended.message and ended.kind != "tune" else ""
    text = f"{ended.kind}: {ended.done} of {ended.total}.{message} {status['next']}"
    return Output(data={"job": job_row(ended), "rounds": status["rounds"]}, text=text)
