"""Commands on endpoints: spending (what a project spent, its cap, prices), and key set and remove."""

import getpass
import sys
from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import Output, Terminal, command
from app.endpoints.spending import set_spending, spending
from core.endpoints.addresses import key_variable_of
from core.endpoints.keys import delete_key, save_key
from core.endpoints.prices import USD_PER_MILLION
from core.errors import UserError

keys = typer.Typer(help="Keep keys of endpoints in the system's keyring.", no_args_is_help=True)
Host = Annotated[str, typer.Argument(help="The endpoint's host, openai, or SWITCHPOINT_API_KEY for every other host.")]


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
) -> Output:
    """Show what was spent at endpoints; set the cap and the prices."""
    if list_price:
        return _list_prices()
    if not project:
        raise UserError("Say which project: `switchpoint spending PROJECT`, or --list-price for the prices known.")
    with terminal.database() as db:
        if cap is not None or no_cap or price:
            set_spending(db, project, cap=cap, no_cap=no_cap, prices=[price] if price else [])
        report = spending(db, project)
    table = Table("model", "requests", "tokens in", "tokens out", "US dollars")
    for row in report["models"]:
        cost = "price not known" if row["money"] is None else f"{row['money']:,.4f}"
        batched = row["batch_in"] + row["batch_out"]
        model = row["model"] + (f", {batched:,} tokens of it in batches" if batched else "")
        table.add_row(model, *(f"{row[name]:,}" for name in ("requests", "tokens_in", "tokens_out")), cost)
    table.caption = f"{report['money']:,.4f} in all, " + (
        "no cap" if report["cap"] is None else f"of a cap of {report['cap']:,.2f}"
    )
    return Output(data=report, text=table)


def _list_prices() -> Output:
    table = Table("model", "in", "out", caption="US dollars per million tokens, OpenAI's list prices of 2025")
    for model, (price_in, price_out) in USD_PER_MILLION.items():
        table.add_row(model, f"{price_in:,.2f}", f"{price_out:,.2f}")
    return Output(data={"prices": {model: list(price) for model, price in USD_PER_MILLION.items()}}, text=table)


@command(keys, "set")
def set_key(terminal: Terminal, *, host: Host) -> Output:
    """Keep a key in the keyring: it is asked for without an echo, or read from standard input."""
    name = key_variable_of(host)
    key = (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        raise UserError("No key was given: type or paste it when it is asked for, or send it to standard input.")
    save_key(name, key)
    return Output(data={"kept": name}, text=f"{name} is in the keyring now; the environment goes before it.")


@command(keys, "remove")
def remove_key(terminal: Terminal, *, host: Host) -> Output:
    """Take a key out of the keyring."""
    name = key_variable_of(host)
    delete_key(name)
    return Output(data={"removed": name}, text=f"{name} is not in the keyring any more.")
