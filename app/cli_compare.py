"""Commands that hold rounds against each other: compare, and adopt, which the gate stands before."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from app import actions
from app.cli_files import ProjectArgument
from app.figures import comparison_table
from app.settings import AppSettings
from app.terminal import Shown, Terminal, command
from core.comparison import gate
from core.errors import UserError
from core.types import Comparison


def compare(
    terminal: Terminal,
    project: ProjectArgument,
    before: Annotated[int, typer.Argument(help="The round before, as in: compare PROJECT 0 1.")],
    after: Annotated[int, typer.Argument(help="The round after.")],
    set: Annotated[str, typer.Option("--set", help="validation or test")] = "test",
) -> Shown:
    """Compare two rounds on the same samples: fixed and broken, by category and skill, and the gate."""
    if set not in ("validation", "test"):
        raise UserError(f"There is no set '{set}' to measure on: choose validation or test.")
    with terminal.database() as db:
        found = actions.compare_rounds(db, project, before, after, role=set)  # type: ignore[arg-type]
    return Shown(data=comparison_data(found, (before, after)), text=comparison_table(found, (before, after)))


def adopt(
    terminal: Terminal,
    project: ProjectArgument,
    round: Annotated[int, typer.Argument(help="The round to build on from now on.")],
    reason: Annotated[str, typer.Option(help="Why, where the gate stops it.")] = "",
) -> Shown:
    """Make a round the one that the project builds on; the gate stops one that broke something, unless you say why."""
    with terminal.database() as db:
        made = actions.adopt(db, project, round, reviewer=AppSettings().reviewer, reason=reason)
    text = f"Round {round} of '{project}' is adopted: the next diagnosis and selection build on it. " + " ".join(
        made.findings
    )
    return Shown(data=asdict(made) | {"number": round}, text=text)


def comparison_data(found: Comparison, rounds: tuple[int, int]) -> dict[str, Any]:
    """A comparison as ``--json`` prints it, with the gate's word on it."""
    return {"rounds": list(rounds)} | asdict(found) | {"gate": asdict(gate(found))}


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    for function in (compare, adopt):
        command(cli, function.__name__)(function)
