"""Commands that make a project and change its settings: new, settings.

Each is a thin layer over ``app.actions``: parse, call, show. Loads no model.
"""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from app import actions
from app.cli_files import ProjectArgument
from app.project_settings import named_settings, why_held
from app.terminal import Shown, Terminal, command

ENDPOINT = "openai:MODEL or MODEL@http://host:port/v1 (keys come from the environment)"
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting; give it more than once.")
]


def new(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    student: Annotated[
        str, typer.Option(help=f"A transformers image-text-to-text model (a folder or a Hub name), or {ENDPOINT}.")
    ],
    teacher: Annotated[str, typer.Option(help=f"A causal language model (a folder or a Hub name), or {ENDPOINT}.")],
    set: SetOption = None,
) -> Shown:
    """Create a project: one student, one teacher, one target task."""
    given = named_settings(set or ())
    with terminal.database() as db:
        made = actions.create_project(db, project, student=student, teacher=teacher, given=given)
    sentence = f"Project '{made.name}' is ready: `switchpoint import validation PATH --project {made.name}` comes next."
    return Shown(data={"project": made.name, "student": student, "teacher": teacher} | given, text=sentence)


def settings(terminal: Terminal, *, project: ProjectArgument, set: SetOption = None) -> Shown:
    """Show a project's settings, or change some: what rows were made with stays."""
    with terminal.database() as db:
        if set:
            actions.set_settings(db, project, named_settings(set))
        rows = actions.project_settings(db, project)
    table = Table("setting", "value", "meaning")
    for row in rows:
        table.add_row(row.name, Text(f"{row.value} *" if row.held else row.value), Text(row.about))
    kinds = [row.held_by for row in rows if row.held_by]
    stays = [f"* stays: {why_held(kinds)}."] if kinds else []
    shown = {"project": project, "settings": {row.name: asdict(row) for row in rows}}
    return Shown(data=shown, text=Group(table, *stays))


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    command(cli, "new")(new)
    command(cli, "settings")(settings)
