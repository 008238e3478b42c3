"""The command about money: what a project has spent at endpoints, its cap, the prices of its models, list prices."""

from typing import Annotated

import typer
from rich.table import Table

from app.spending import set_spending, spending
from app.terminal import Shown, Terminal, command
from core.errors import UserError
from core.prices import PER_MILLION


def spending_command(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")] = "",
    cap: Annotated[float | None, typer.Option(help="What the project may spend in all, in US dollars.")] = None,
    no_cap: Annotated[bool, typer.Option(help="Lift the cap.")] = False,
    list_price: Annotated[bool, typer.Option(help="Show the list prices that are known.")] = False,
    price: Annotated[
        tuple[str, float, float] | None,
        typer.Option(help="A model and its US dollars per million tokens in and out.", metavar="MODEL IN OUT"),
    ] = None,
) -> Shown:
    """Show what was spent at endpoints; set the cap and the prices."""
    if list_price:
        return _listed()
    if not project:
        raise UserError("Say which project: `switchpoint spending PROJECT`, or --list-price for the prices known.")
    with terminal.database() as db:
        if cap is not None or no_cap or price:
            set_spending(db, project, cap=cap, no_cap=no_cap, prices=[price] if price else [])
        shown = spending(db, project)
    table = Table("model", "requests", "tokens in", "tokens out", "US dollars")
    for row in shown["models"]:
        cost = "price not known" if row["money"] is None else f"{row['money']:,.4f}"
        batched = row["batch_in"] + row["batch_out"]
        model = row["model"] + (f", {batched:,} tokens of it in batches" if batched else "")
        table.add_row(model, *(f"{row[name]:,}" for name in ("requests", "tokens_in", "tokens_out")), cost)
    table.caption = f"{shown['money']:,.4f} in all, " + (
        "no cap" if shown["cap"] is None else f"of a cap of {shown['cap']:,.2f}"
    )
    return Shown(data=shown, text=table)


def _listed() -> Shown:
    table = Table("model", "in", "out", caption="US dollars per million tokens, OpenAI's list prices of 2025")
    for model, (price_in, price_out) in PER_MILLION.items():
        table.add_row(model, f"{price_in:,.2f}", f"{price_out:,.2f}")
    return Shown(data={"prices": {model: list(price) for model, price in PER_MILLION.items()}}, text=table)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    command(cli, "spending")(spending_command)
