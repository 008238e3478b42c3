"""Commands on logins: login add, login remove, login list. A password is never part of a command line."""

import getpass
import os
import sys
from typing import Annotated

import typer

from app.cli.terminal import Output, Terminal, command
from app.security.sessions import add_login, remove_login
from core.errors import UserError
from storage import logins

ENVIRONMENT_VARIABLE = "SWITCHPOINT_PASSWORD"
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that somebody signs in and reviews under.")]


def add(terminal: Terminal, *, name: Name) -> Output:
    """Let somebody sign in, or give them another password; it is asked for, or read from SWITCHPOINT_PASSWORD or
    standard input."""
    password = _password()
    with terminal.database() as db:
        new = add_login(db, name, password)
    done = "may sign in now" if new else "has another password now, and is signed out everywhere"
    return Output(data={"login": name.strip(), "new": new}, text=f"{name.strip()} {done}.")


def remove(terminal: Terminal, *, name: Name) -> Output:
    """Let somebody sign in no more; they are signed out everywhere."""
    with terminal.database() as db:
        remove_login(db, name)
    return Output(data={"removed": name.strip()}, text=f"{name.strip()} can sign in no more.")


def list_all(terminal: Terminal) -> Output:
    """Who may sign in."""
    with terminal.database() as db, db.read() as connection:
        found = logins.list_logins(connection)
    lines = [f"{each.name}, since {each.created[:10]}" for each in found]
    rows = [{"name": each.name, "created": each.created} for each in found]
    nobody = "Nobody: the page is open to who is on this machine. `switchpoint login add NAME` changes that."
    return Output(data={"logins": rows}, text="\n".join(lines) or nobody)


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    group = typer.Typer(help="Who may sign in to the page.", no_args_is_help=True)
    command(group, "add")(add)
    command(group, "remove")(remove)
    command(group, "list")(list_all)
    cli.add_typer(group, name="login")


def _password() -> str:
    if ENVIRONMENT_VARIABLE in os.environ:
        return os.environ[ENVIRONMENT_VARIABLE]
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise UserError("The two passwords differ: run the command again.")
    return first
