"""The command prompts: what a project's models are shown, and a project's own texts from files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app import actions
from app.cli_files import ProjectArgument
from app.terminal import Shown, Terminal, command
from core.errors import UserError
from core.prompts import Prompt


def prompts(
    terminal: Terminal,
    project: ProjectArgument,
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=FILE", help="Use the text in FILE; more than once.")
    ] = None,
    reset: Annotated[
        list[str] | None, typer.Option("--reset", metavar="NAME", help="Use the built-in text again; more than once.")
    ] = None,
) -> Shown:
    """Show the texts that a project's models are shown, with version and hash, or use your own.

    The student's text is that of its model family as soon as the model is on this machine.
    """
    texts: dict[str, str | None] = dict.fromkeys(reset or ())
    texts |= dict(map(_named_text, set or ()))
    with terminal.database() as db:
        shown = actions.set_prompts(db, project, texts) if texts else actions.project_prompts(db, project)
    return Shown(data={"project": project, "prompts": [asdict(each) for each in shown]}, text=_listed(shown))


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    command(cli, "prompts")(prompts)


def _named_text(setting: str) -> tuple[str, str]:
    """Name and text of ``NAME=FILE``; the version line of a file that was copied from Switchpoint's is left out."""
    name, equals, path = setting.partition("=")
    if not equals:
        raise UserError(f"'{setting}' names no file: write --set NAME=FILE.")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The file {path} cannot be read as text: name a UTF-8 text file.") from error
    return name, text.partition("\n")[2] if text.startswith("version: ") else text


def _listed(shown: list[Prompt]) -> Text:
    """As text without markup, since a prompt may well hold brackets."""
    lines = Text()
    for each in shown:
        lines.append(f"{each.name} · version {each.version} · {each.hash}\n", style="bold")
        lines.append(f"{each.text}\n\n")
    lines.rstrip()
    return lines
