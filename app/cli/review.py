"""Commands on reviews and rounds: review, compare, adopt, and reread, which reads stored predictions again."""

from dataclasses import asdict
from typing import Annotated, Any, get_args

import typer

from app.cli.terminal import Output, ProjectArgument, RoundOption, Terminal
from app.comparisons import adoption
from app.comparisons.paired import compare_rounds
from app.rendering.terminal_tables import comparison_table
from app.rereadings.preview import preview_rereading
from app.rereadings.replacement import apply_rereading, undo_rereading
from app.rereadings.wording import preview_data, preview_text, undo_text
from app.reviews import verdicts
from app.reviews.verdicts import add_review
from app.settings import AppSettings
from core.errors import UserError
from core.evaluation.comparison import gate
from core.literals import member_of
from core.types import Comparison, Role, Verdict

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ROLES: tuple[Role, ...] = ("validation", "test")


def review(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    sample: Annotated[int | None, typer.Argument(help="The sample's id.")] = None,
    verdict: Annotated[str, typer.Argument(help=", ".join(VERDICTS))] = "",
    accept_all: Annotated[bool, typer.Option(help="Accept every diagnosis that has no verdict yet.")] = False,
    step: Annotated[int | None, typer.Option(help="The mistake step, where the machine's is wrong.")] = None,
    skill: Annotated[str, typer.Option(help="The missing skill, where the machine's is wrong.")] = "",
    answer: Annotated[str | None, typer.Option(help="With 'misread': the answer the student really gave.")] = None,
    reviewer: Annotated[str, typer.Option(help="Who reviews (default: the user's name).")] = "",
    round_number: RoundOption = None,
) -> Output:
    """Give a verdict on one diagnosis, or accept all that have none."""
    who = reviewer or AppSettings().reviewer
    if accept_all:
        with terminal.database() as db:
            count = verdicts.accept_all(db, project, reviewer=who, round_number=round_number)
        return Output(data={"accepted": count}, text=f"Accepted {count} diagnoses.")
    chosen = member_of(VERDICTS, verdict)
    if sample is None or chosen is None:
        raise UserError(
            f"Say which sample and a verdict ({', '.join(VERDICTS)}), or --accept-all: "
            f"`switchpoint review {project} SAMPLE VERDICT`."
        )
    with terminal.database() as db:
        made = add_review(
            db,
            project,
            sample,
            chosen,
            reviewer=who,
            round_number=round_number,
            mistake_step=step,
            skill=skill,
            answer=answer,
        )
    return Output(data=asdict(made), text=f"{made.verdict}: sample {sample}, step {made.mistake_step}, {made.skill}")


def compare(
    terminal: Terminal,
    project: ProjectArgument,
    before: Annotated[int, typer.Argument(help="The round before, as in: compare PROJECT 0 1.")],
    after: Annotated[int, typer.Argument(help="The round after.")],
    set: Annotated[str, typer.Option("--set", help="validation or test")] = "test",
) -> Output:
    """Compare two rounds on the same samples: fixed and broken, by category and skill, and the gate."""
    role = member_of(ROLES, set)
    if role is None:
        raise UserError(f"There is no set '{set}' to measure on: choose validation or test.")
    with terminal.database() as db:
        found = compare_rounds(db, project, before, after, role=role)
    return Output(data=comparison_data(found, (before, after)), text=comparison_table(found, (before, after)))


def adopt(
    terminal: Terminal,
    project: ProjectArgument,
    round_number: Annotated[int, typer.Argument(metavar="round", help="The round to build on from now on.")],
    reason: Annotated[str, typer.Option(help="Why, where the gate stops it.")] = "",
) -> Output:
    """Make a round the one that the project builds on; the gate stops one that broke something, unless you say why."""
    with terminal.database() as db:
        made = adoption.adopt(db, project, round_number, reviewer=AppSettings().reviewer, reason=reason)
    text = f"Round {round_number} of '{project}' is adopted: the next diagnosis and selection build on it. " + " ".join(
        made.findings
    )
    return Output(data=asdict(made) | {"number": round_number}, text=text)


def reread(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    round_number: Annotated[int | None, typer.Option("--round", help="The round (default: all of them).")] = None,
    yes: Annotated[bool, typer.Option(help="Read again now; without it, what would change is only shown.")] = False,
    undo: Annotated[bool, typer.Option(help="Put back what the last re-reading replaced.")] = False,
) -> Output:
    """Read stored predictions again where the rules of reading became better, with a preview; reviewed ones stay."""
    if undo:
        if yes or round_number is not None:
            raise UserError("--undo puts back the whole of the last re-reading: leave out --yes and --round.")
        with terminal.database() as db:
            undone, count = undo_rereading(db, project)
        return Output(data={"undone": count}, text=undo_text(undone, count))
    with terminal.database() as db, terminal.progress("reread") as on_progress:
        if yes:
            applied = apply_rereading(
                db, project, round_number=round_number, reviewer=AppSettings().reviewer, on_progress=on_progress
            )
            shown = preview_data(applied.preview) | {"replaced": applied.replaced, "rereading": applied.number}
            return Output(data=shown, text=preview_text(applied.preview, applied))
        with preview_rereading(db, project, round_number=round_number, on_progress=on_progress) as (preview, _):
            return Output(data=preview_data(preview), text=preview_text(preview))


def comparison_data(found: Comparison, rounds: tuple[int, int]) -> dict[str, Any]:
    """A comparison as ``--json`` prints it, with the regression gate's result."""
    return {"rounds": list(rounds)} | asdict(found) | {"gate": asdict(gate(found))}
