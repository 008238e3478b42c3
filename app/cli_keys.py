"""Commands for the keys of endpoints: keep one in the system's keyring, or take it out again. None shows a key."""

import getpass
import sys
from typing import Annotated

import typer

from app.terminal import Shown, Terminal, command
from core.endpoints import key_variable_of
from core.errors import UserError
from core.keys import forget_key, keep_key

keys = typer.Typer(help="Keep keys of endpoints in the system's keyring.", no_args_is_help=True)
Host = Annotated[str, typer.Argument(help="The endpoint's host, openai, or SWITCHPOINT_API_KEY for every other host.")]


@command(keys, "set")
def set_key(terminal: Terminal, *, host: Host) -> Shown:
    """Keep a key in the keyring: it is asked for without an echo, or read from standard input."""
    name = key_variable_of(host)
    key = (getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        raise UserError("No key was given: type or paste it when it is asked for, or send it to standard input.")
    keep_key(name, key)
    return Shown(data={"kept": name}, text=f"{name} is in the keyring now; the environment goes before it.")


@command(keys, "remove")
def remove_key(terminal: Terminal, *, host: Host) -> Shown:
    """Take a key out of the keyring."""
    name = key_variable_of(host)
    forget_key(name)
    return Shown(data={"removed": name}, text=f"{name} is not in the keyring any more.")


def register(cli: typer.Typer) -> None:
    """Add the commands to the command line."""
    cli.add_typer(keys, name="key")
