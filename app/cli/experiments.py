"""The command experiment: every arm at every budget with every seed, or how well mistake steps are found.

Queues a job, follows it, and prints the tables. Loads no model.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import Output, ProjectArgument, RoundOption, Terminal
from app.experiments import requirements
from app.experiments.identification import identification_report
from app.experiments.requirements import has_accepted_skill
from app.experiments.results import markdown, results
from app.jobs.queue import put_diagnose, put_experiment, put_identify, put_predict
from app.reviews.verdicts import accept_all
from app.settings import AppSettings
from core.evaluation.experiment import ARMS
from storage.database import Database


def experiment(
    terminal: Terminal,
    project: ProjectArgument,
    *,
    arms: Annotated[str, typer.Option(help=f"Separated by commas, of: {', '.join(ARMS)}.")] = ",".join(ARMS),
    budgets: Annotated[str, typer.Option(help="How many samples to tune on, separated by commas.")] = "500,1000,2000",
    seeds: Annotated[int, typer.Option(help="How often each arm is drawn and tuned.")] = 5,
    round_number: RoundOption = 0,
    at_once: Annotated[int, typer.Option(help="Trials to run at the same time.")] = 1,
    identification: Annotated[
        bool, typer.Option(help="Compare ways to find mistake steps (needs known ones) instead of tuning.")
    ] = False,
    table: Annotated[Path | None, typer.Option(help="Also write the tables to this Markdown file.")] = None,
) -> Output:
    """The arms of the paper, tuned and measured on the test set; goes on where it was cut short."""
    with terminal.database() as db:
        _ensure_diagnosed(terminal, db, project, round_number or 0)
        if identification:
            terminal.follow(db, put_identify(db, project, round_number=round_number))
        else:
            chosen = [each.strip() for each in arms.split(",") if each.strip()]
            terminal.follow(
                db,
                put_experiment(
                    db,
                    project,
                    arms=chosen,
                    budgets=requirements.parse_budgets(budgets),
                    seeds=seeds,
                    round_number=round_number,
                    at_once=at_once,
                ),
            )
        found = results(db, project, round_number)
        ways = identification_report(db, project, round_number) if identification else []
    text = markdown(found, ways)
    if table is not None:
        table.write_text(text)
    return Output(data={"results": asdict(found), "identification": [asdict(each) for each in ways]}, text=text)


def _ensure_diagnosed(terminal: Terminal, db: Database, project: str, round_number: int) -> None:
    """Predict and diagnose the round and accept every unreviewed diagnosis, unless some are accepted already."""
    if has_accepted_skill(db, project, round_number=round_number):
        return
    terminal.follow(db, put_predict(db, project, round_number=round_number, roles=("validation",)))
    terminal.follow(db, put_diagnose(db, project, round_number=round_number))
    accepted = accept_all(db, project, reviewer=AppSettings().reviewer, round_number=round_number)
    terminal.remark(f"Accepted {accepted} diagnoses that nobody had reviewed.")
