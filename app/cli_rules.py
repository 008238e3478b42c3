"""The command about hits: pin, remove or clear support samples and tasks of a skill, and list what stands.

A thin layer over ``app.rulings``.
"""

from typing import Annotated

import typer

from app.projects import find_project, find_round
from app.rulings import rule, ruling_row, standing_rulings
from app.settings import AppSettings
from app.terminal import Shown, Terminal, command
from core.errors import UserError
from core.types import Ruling
from storage import store


def rule_command(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    act: Annotated[str, typer.Argument(help="pin, remove or clear; without it, what stands is listed.")] = "",
    skill: Annotated[str, typer.Option(help="The accepted skill, word for word.")] = "",
    sample: Annotated[
        list[int] | None, typer.Option(help="A support sample, by its id; give it more than once.")
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(help="All samples of a source task; give it more than once.")
    ] = None,
    support: Annotated[str, typer.Option(help="The support set (default: the project's).")] = "",
    reviewer: Annotated[str, typer.Option(help="Who says so (default: the user's name).")] = "",
) -> Shown:
    """Pin hits of a skill (drawn first) or remove them (never drawn), one by one or all of a source task."""
    if not act:
        return _listed(terminal, project, skill)
    if not skill or not (sample or task):
        raise UserError(f"Say for which skill and what: `switchpoint rule {project} {act} --skill … --sample ID`.")
    who = reviewer or AppSettings().reviewer
    with terminal.database() as db:
        said = [rule(db, project, skill, act, sample=each, reviewer=who, support=support) for each in sample or ()]
        said += [rule(db, project, skill, act, task=each, reviewer=who, support=support) for each in task or ()]
    return Shown(data={"rulings": [ruling_row(each) for each in said]}, text="\n".join(map(_line, said)))


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    command(cli, "rule")(rule_command)


def _listed(terminal: Terminal, project: str, skill: str) -> Shown:
    with terminal.database() as db:
        found = standing_rulings(db, project, skill)
        with db.read() as c:
            demands = store.accepted_skills(c, find_round(c, find_project(c, project), None).id)
    skills = {each.skill: each.errors for each in demands}
    lines = [f"{name} ({errors} errors)" for name, errors in skills.items()] or ["No skill is accepted yet."]
    lines += [_line(each) for each in found] or ["Nothing is pinned or removed."]
    return Shown(data={"skills": skills, "rulings": [ruling_row(each) for each in found]}, text="\n".join(lines))


def _line(ruling: Ruling) -> str:
    on = f"sample {ruling.sample}" if ruling.task is None else f"all of task {ruling.task}"
    return f"{ruling.act}: {on}, for “{ruling.skill}” ({ruling.reviewer})"
