"""Commands that need no model: import, review, select, export.

Each is a thin layer over ``app.actions``: parse, call, show.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from app import actions
from app.import_report import TEST_SHARE
from app.settings import AppSettings
from app.shortfalls import shortfalls
from app.terminal import Shown, Terminal, command
from core.errors import UserError
from core.importers import FORMATS
from core.types import Verdict

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")]
RoundOption = Annotated[int | None, typer.Option("--round", help="The round (default: the adopted, else the newest).")]


def import_command(
    terminal: Terminal,
    *,
    what: Annotated[str, typer.Argument(help="validation, test, support or predictions")],
    path: Annotated[str, typer.Argument(help="A file, a zip, a folder, or hf:owner/name[:split].")],
    project: Annotated[str, typer.Option(help="The project (a support set needs none).")] = "",
    images: Annotated[Path | None, typer.Option(help="A folder or zip with the images that the file names.")] = None,
    name: Annotated[str, typer.Option(help="The support set's name (default: the file's).")] = "",
    format: Annotated[str, typer.Option(help="The format, where it is not found: " + ", ".join(FORMATS))] = "",
    map: Annotated[
        list[str] | None, typer.Option("--map", help="field=column, for tables; give it more than once.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what is in the file.")] = False,
    skip_refused: Annotated[bool, typer.Option(help="Import the good rows even when some are refused.")] = False,
    test_share: Annotated[
        float, typer.Option(help="The share of a validation file that is held out as the test set.")
    ] = TEST_SHARE,
    seed: Annotated[int, typer.Option(help="The seed of what is held out.")] = 0,
    copy_images: Annotated[bool, typer.Option(help="Bring a support set's images into the database.")] = False,
) -> Shown:
    """Import a validation, test or support set, or a student's predictions."""
    if what not in get_args(actions.What):
        raise UserError(f"'{what}' cannot be imported: choose one of {', '.join(get_args(actions.What))}.")
    request = actions.ImportRequest(
        what=cast(actions.What, what), path=path, project=project, images=str(images or ""), name=name, format=format,
        mapping=_mapping(map or []), skip_refused=skip_refused, test_share=test_share, seed=seed,
        copy_images=copy_images,
    )  # fmt: skip
    with terminal.database() as db, terminal.progress("import") as watch:
        report = (actions.dry_run if dry_run else actions.commit)(db, request, watch=watch)
    refused = bool(report["refused_rows"]) and not skip_refused
    if refused:
        said = "Nothing would be" if dry_run else "Nothing was"
        typer.echo(
            f"{said} imported: {report['refused_rows']:,} of {report['found']:,} rows are refused; mend them, or add "
            "--skip-refused.",
            err=True,
        )
    return Shown(data=report, text=_import_text(report, dry_run), code=int(refused))


def review(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    sample: Annotated[int | None, typer.Argument(help="The sample's id.")] = None,
    verdict: Annotated[str, typer.Argument(help=", ".join(get_args(Verdict)))] = "",
    accept_all: Annotated[bool, typer.Option(help="Accept every diagnosis that has no verdict yet.")] = False,
    step: Annotated[int | None, typer.Option(help="The mistake step, where the machine's is wrong.")] = None,
    skill: Annotated[str, typer.Option(help="The missing skill, where the machine's is wrong.")] = "",
    answer: Annotated[str | None, typer.Option(help="With 'misread': the answer the student really gave.")] = None,
    reviewer: Annotated[str, typer.Option(help="Who reviews (default: the user's name).")] = "",
    round: RoundOption = None,
) -> Shown:
    """Give a verdict on one diagnosis, or accept all that have none."""
    who = reviewer or AppSettings().reviewer
    if accept_all:
        with terminal.database() as db:
            count = actions.accept_all(db, project, reviewer=who, round=round)
        return Shown(data={"accepted": count}, text=f"Accepted {count} diagnoses.")
    if sample is None or verdict not in get_args(Verdict):
        raise UserError(
            f"Say which sample and a verdict ({', '.join(get_args(Verdict))}), or --accept-all: "
            f"`switchpoint review {project} SAMPLE VERDICT`."
        )
    with terminal.database() as db:
        made = actions.add_review(
            db,
            project,
            sample,
            verdict,  # type: ignore[arg-type]
            reviewer=who,
            round=round,
            mistake_step=step,
            skill=skill,
            answer=answer,
        )
    return Shown(data=asdict(made), text=f"{made.verdict}: sample {sample}, step {made.mistake_step}, {made.skill}")


def select(
    terminal: Terminal,
    *,
    project: ProjectArgument,
    budget: Annotated[int, typer.Option(help="How many support samples.")],
    round: RoundOption = None,
    seed: Annotated[int | None, typer.Option(help="The draw's seed (default: the project's).")] = None,
    random: Annotated[bool, typer.Option(help="Draw at random instead, for comparison.")] = False,
    support: Annotated[str, typer.Option(help="The support set (default: the project's).")] = "",
    allow_fewer: Annotated[bool, typer.Option(help="Take what there is when fewer samples match.")] = False,
) -> Shown:
    """Choose support samples for the accepted skills."""
    with terminal.database() as db:
        made = actions.make_selection(
            db,
            project,
            budget=budget,
            round=round,
            seed=seed,
            arm="random" if random else "targeted",
            support=support,
            allow_fewer=allow_fewer,
        )
    shown = {
        "selection": made.id,
        "arm": made.arm,
        "support": made.support,
        "budget": made.budget,
        "seed": made.seed,
        "hits": len(made.hits),
        "skills": {each.skill: each.errors for each in made.demands},
        "leaked": made.leaked,
        "shortfalls": [said for share in (made.make_up.skills if made.make_up else ()) for said in shortfalls(share)],
    }
    text = f"Selection {made.id}: {len(made.hits)} samples of '{made.support}' for {len(made.demands)} skills; "
    text += f"{made.leaked} left out because they occur in the validation or test set."
    return Shown(data=shown, text="\n".join([text, *shown["shortfalls"]]))


def export(
    terminal: Terminal,
    *,
    what: Annotated[str, typer.Argument(help="selection, adapter, reviews or report")],
    project: ProjectArgument,
    out: Annotated[
        Path,
        typer.Argument(
            help="The folder (selection, adapter) or file to write; a file's suffix decides: a selection as .zip, "
            ".parquet or .json (its manifest), reviews as .csv or else "
            "JSON lines, a report as .html (one round, opens offline) or else Markdown (the whole project)."
        ),
    ],
    round: RoundOption = None,
    selection: Annotated[int | None, typer.Option(help="The selection's id (default: the newest).")] = None,
    sample: Annotated[
        list[int] | None, typer.Option(help="A case for the HTML report, by its sample's id; give it more than once.")
    ] = None,
) -> Shown:
    """Write a selection, an adapter, the reviews or a report to files."""
    with terminal.database() as db:
        if what == "selection":
            written = actions.export_selection(db, project, out, selection=selection)
        elif what == "adapter":
            written = actions.export_adapter(db, project, out, round=round)
        elif what == "reviews":
            written = actions.export_reviews(db, project, out, round=round)
        elif what == "report":
            written = actions.export_report(db, project, out, round=round, samples=sample or ())
        else:
            raise UserError(f"'{what}' cannot be exported: choose one of selection, adapter, reviews, report.")
    return Shown(data={"written": str(written)}, text=f"Wrote {written}.")


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    for name, function in (
        ("import", import_command),
        ("review", review),
        ("select", select),
        ("export", export),
    ):
        command(cli, name)(function)


def _mapping(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for field, equals, _ in pairs:
        if not field.strip() or not equals:
            raise UserError(f"--map takes field=column, such as --map question=prompt, not '{field}'.")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _import_text(report: actions.ImportReport, dry_run: bool) -> str:
    lines = [
        f"{refusal['file']}:{refusal['line']}: {refusal['field']}: {refusal['reason']}" for refusal in report["refused"]
    ]
    if report["refused_rows"] > len(lines):
        lines.append(f"… and {report['refused_rows'] - len(lines):,} more refused rows.")
    if dry_run:
        lines += [f"{field} = {column}" for field, column in report["mapping"].items()]
        lines += [f"{each['source_id']}: {each['question']} → {each['answer']}" for each in report["preview"]]
    lines += report["notes"]
    counts = ("found", "accepted", "held_out", "already_present", "images_missing", "duplicates", "conflicts")
    counted = ", ".join(f"{name.replace('_', ' ')} {report[name]:,}" for name in counts)
    return "\n".join([*lines, f"{report['format']} {report['container']}".strip() + f": {counted}"])
