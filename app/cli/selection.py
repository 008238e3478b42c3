"""Commands on selections: select, and rule, which pins or removes hits."""

from typing import Annotated

import typer

from app.cli.terminal import Output, ProjectArgument, RoundOption, Terminal
from app.projects.lookup import find_project, find_round
from app.selections.draw import make_selection
from app.selections.rulings import add_ruling, ruling_row, standing_rulings
from app.selections.shortfalls import shortfalls
from app.settings import AppSettings
from core.errors import UserError
from core.types import Ruling
from storage import store


def select(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    budget: Annotated[int, typer.Option(help="How many support samples.")],
    round_number: RoundOption = None,
    seed: Annotated[int | None, typer.Option(help="The draw's seed (default: the project's).")] = None,
    random: Annotated[bool, typer.Option(help="Draw at random instead, for comparison.")] = False,
    support: Annotated[str, typer.Option(help="The support set (default: the project's).")] = "",
    allow_fewer: Annotated[bool, typer.Option(help="Take what there is when fewer samples match.")] = False,
) -> Output:
    """Choose support samples for the accepted skills."""
    with terminal.database() as db:
        made = make_selection(
            db,
            project,
            budget=budget,
            round_number=round_number,
            seed=seed,
            arm="random" if random else "targeted",
            support=support,
            allow_fewer=allow_fewer,
        )
    shortfall_lines = [line for share in (made.make_up.skills if made.make_up else ()) for line in shortfalls(share)]
    shown = {
        "selection": made.id,
        "arm": made.arm,
        "support": made.support,
        "budget": made.budget,
        "seed": made.seed,
        "hits": len(made.hits),
        "skills": {each.skill: each.errors for each in made.demands},
        "leaked": made.leaked,
        "shortfalls": shortfall_lines,
    }
    text = f"Selection {made.id}: {len(made.hits)} samples of '{made.support}' for {len(made.demands)} skills; "
    text += f"{made.leaked} left out because they occur in the validation or test set."
    return Output(data=shown, text="\n".join([text, *shortfall_lines]))


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
) -> Output:
    """Pin hits of a skill (drawn first) or remove them (never drawn), one by one or all of a source task."""
    if not act:
        return _list_rulings(terminal, project, skill)
    if not skill or not (sample or task):
        raise UserError(f"Say for which skill and what: `switchpoint rule {project} {act} --skill … --sample ID`.")
    who = reviewer or AppSettings().reviewer
    with terminal.database() as db:
        rulings = [
            add_ruling(db, project, skill, act, sample=each, reviewer=who, support=support) for each in sample or ()
        ]
        rulings += [
            add_ruling(db, project, skill, act, task=each, reviewer=who, support=support) for each in task or ()
        ]
    return Output(data={"rulings": [ruling_row(each) for each in rulings]}, text="\n".join(map(_ruling_line, rulings)))


def _list_rulings(terminal: Terminal, project: str, skill: str) -> Output:
    with terminal.database() as db:
        found = standing_rulings(db, project, skill)
        with db.read() as connection:
            demands = store.accepted_skills(
                connection, find_round(connection, find_project(connection, project), None).id
            )
    skills = {each.skill: each.errors for each in demands}
    lines = [f"{name} ({errors} errors)" for name, errors in skills.items()] or ["No skill is accepted yet."]
    lines += [_ruling_line(each) for each in found] or ["Nothing is pinned or removed."]
    return Output(data={"skills": skills, "rulings": [ruling_row(each) for each in found]}, text="\n".join(lines))


def _ruling_line(ruling: Ruling) -> str:
    on = f"sample {ruling.sample}" if ruling.task is None else f"all of task {ruling.task}"
    return f"{ruling.act}: {on}, for “{ruling.skill}” ({ruling.reviewer})"
