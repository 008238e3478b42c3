"""The command about money: what a project has spent at endpoints, its cap, and the prices of its models."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli_files import ProjectArgument
from app.spending import set_spending, spending
from app.terminal import Shown, Terminal, command


def spending_command(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    cap: Annotated[float | None, typer.Option(help="What the project may spend in all, in US dollars.")] = None,
    no_cap: Annotated[bool, typer.Option(help="Lift the cap.")] = False,
    price: Annotated[
        tuple[str, float, float] | None,
        typer.Option(help="A model and its US dollars per million tokens in and out.", metavar="MODEL IN OUT"),
    ] = None,
) -> Shown:
    """Show what was spent at endpoints; set the cap and the prices."""
    with terminal.database() as db:
        if cap is not None or no_cap or price:
            set_spending(db, project, cap=cap, no_cap=no_cap, prices=[price] if price else [])
        shown = spending(db, project)
    table = Table("model", "requests", "tokens in", "tokens out", "US dollars")
    for row in shown["models"]:
        cost = "price not known" if row["money"] is None else f"{row['money']:,.4f}"
        table.add_row(row["model"], *(f"{row[name]:,}" for name in ("requests", "tokens_in", "tokens_out")), cost)
    table.caption = f"{shown['money']:,.4f} in all, " + (
        "no cap" if shown["cap"] is None else f"of a cap of {shown['cap']:,.2f}"
    )
    return Shown(data=shown, text=table)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    command(cli, "spending")(spending_command)
