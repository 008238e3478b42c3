"""Commands that create and configure projects: new, settings, prompts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from app.cli.terminal import Output, ProjectArgument, Terminal
from app.projects.configuration import create_project, project_settings, set_settings
from app.projects.prompts import project_prompts, set_prompts
from app.projects.settings_fields import held_reason, named_settings
from core.errors import UserError
from core.own_files import refuse_own
from core.prompts.texts import Prompt

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
) -> Output:
    """Create a project: one student, one teacher, one target task."""
    given = named_settings(set or ())
    with terminal.database() as db:
        made = create_project(db, project, student=student, teacher=teacher, given=given)
    sentence = f"Project '{made.name}' is ready: `switchpoint import validation PATH --project {made.name}` comes next."
    return Output(data={"project": made.name, "student": student, "teacher": teacher} | given, text=sentence)


def settings(terminal: Terminal, *, project: ProjectArgument, set: SetOption = None) -> Output:
    """Show a project's settings, or change some: what rows were made with stays."""
    with terminal.database() as db:
        if set:
            set_settings(db, project, named_settings(set))
        rows = project_settings(db, project)
    table = Table("setting", "value", "meaning")
    for row in rows:
        table.add_row(row.name, Text(f"{row.value} *" if row.held else row.value), Text(row.about))
    kinds = [row.held_by for row in rows if row.held_by]
    stays = [f"* stays: {held_reason(kinds)}."] if kinds else []
    shown = {"project": project, "settings": {row.name: asdict(row) for row in rows}}
    return Output(data=shown, text=Group(table, *stays))


def prompts(
    terminal: Terminal,
    project: ProjectArgument,
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=FILE", help="Use the text in FILE; more than once.")
    ] = None,
    reset: Annotated[
        list[str] | None, typer.Option("--reset", metavar="NAME", help="Use the built-in text again; more than once.")
    ] = None,
) -> Output:
    """Show the texts that a project's models are shown, with version and hash, or use your own.

    The student's text is that of its model family as soon as the model is on this machine.
    """
    texts: dict[str, str | None] = dict.fromkeys(reset or ())
    texts |= dict(map(_named_text, set or ()))
    with terminal.database() as db:
        shown = set_prompts(db, project, texts) if texts else project_prompts(db, project)
    return Output(data={"project": project, "prompts": [asdict(each) for each in shown]}, text=_prompts_text(shown))


def _named_text(setting: str) -> tuple[str, str]:
    """Name and text of ``NAME=FILE``, without the version line of a copy of one of Switchpoint's own prompts."""
    name, equals, path = setting.partition("=")
    if not equals:
        raise UserError(f"'{setting}' names no file: write --set NAME=FILE.")
    refuse_own(Path(path))
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The file {path} cannot be read as text: name a UTF-8 text file.") from error
    return name, text.partition("\n")[2] if text.startswith("version: ") else text


def _prompts_text(shown: list[Prompt]) -> Text:
    """As Rich text without markup, because prompts may contain square brackets."""
    lines = Text()
    for each in shown:
        lines.append(f"{each.name} · version {each.version} · {each.hash}\n", style="bold")
        lines.append(f"{each.text}\n\n")
    lines.rstrip()
    return lines
