"""Commands on files: import, export, backup, restore. None loads a model."""

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.cli.terminal import Output, ProjectArgument, RoundOption, Terminal
from app.exports.write import export_adapter, export_report, export_reviews, export_selection
from app.imports import pipeline
from app.imports.pipeline import commit
from app.imports.report import TEST_SHARE, ImportKind, ImportReport, ImportRequest
from app.rendering.formatting import short
from core.errors import UserError
from core.importers import FORMATS


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
    encoding: Annotated[str, typer.Option(help="A text file's encoding, such as gb18030 (default: found).")] = "",
) -> Output:
    """Import a validation, test or support set, or a student's predictions."""
    if what not in get_args(ImportKind):
        raise UserError(f"'{what}' cannot be imported: choose one of {', '.join(get_args(ImportKind))}.")
    request = ImportRequest(
        what=cast(ImportKind, what), path=path, project=project, images=str(images or ""), name=name, format=format,
        mapping=_mapping(map or []), skip_refused=skip_refused, test_share=test_share, seed=seed,
        copy_images=copy_images, encoding=encoding,
    )  # fmt: skip
    with terminal.database() as db, terminal.progress("import") as on_progress:
        report = (pipeline.dry_run if dry_run else commit)(db, request, on_progress=on_progress)
    refused = bool(report["refused_rows"]) and not skip_refused
    if refused:
        outcome = "Nothing would be" if dry_run else "Nothing was"
        typer.echo(
            f"{outcome} imported: {report['refused_rows']:,} of {report['found']:,} rows are refused; mend them, or "
            "add --skip-refused.",
            err=True,
        )
    return Output(data=report, text=_import_text(report, dry_run), code=int(refused))


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
    round_number: RoundOption = None,
    selection: Annotated[int | None, typer.Option(help="The selection's id (default: the newest).")] = None,
    sample: Annotated[
        list[int] | None, typer.Option(help="A case for the HTML report, by its sample's id; give it more than once.")
    ] = None,
) -> Output:
    """Write a selection, an adapter, the reviews or a report to files."""
    with terminal.database() as db:
        if what == "selection":
            written = export_selection(db, project, out, selection=selection)
        elif what == "adapter":
            written = export_adapter(db, project, out, round_number=round_number)
        elif what == "reviews":
            written = export_reviews(db, project, out, round_number=round_number)
        elif what == "report":
            written = export_report(db, project, out, round_number=round_number, samples=sample or ())
        else:
            raise UserError(f"'{what}' cannot be exported: choose one of selection, adapter, reviews, report.")
    return Output(data={"written": str(written)}, text=f"Wrote {written}.")


def _mapping(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for field, equals, _ in pairs:
        if not field.strip() or not equals:
            raise UserError(f"--map takes field=column, such as --map question=prompt, not '{field}'.")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _import_text(report: ImportReport, dry_run: bool) -> str:
    lines = [
        f"{refusal['file']}:{refusal['line']}: {refusal['field']}: {refusal['reason']}" for refusal in report["refused"]
    ]
    if report["refused_rows"] > len(lines):
        lines.append(f"… and {report['refused_rows'] - len(lines):,} more refused rows.")
    if dry_run:
        lines += [f"{field} = {column}" for field, column in report["mapping"].items()]
        lines += [f"{each['source_id']}: {each['question']} → {each['answer']}" for each in report["preview"]]
        lines += [
            f"{each['source_id']}: {short(each['text'], 120)} → {each['answer'] or 'unclear'} (truth: {each['truth']})"
            for each in report["examples"]
        ]
    lines += report["notes"]
    counts = ("found", "accepted", "held_out", "already_present", "images_missing", "duplicates", "conflicts")
    counted = ", ".join(f"{name.replace('_', ' ')} {report[name]:,}" for name in counts)
    return "\n".join([*lines, f"{report['format']} {report['container']}".strip() + f": {counted}"])


def backup(
    terminal: Terminal,
    *,
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    project: Annotated[str, typer.Option(help="Only this project, with the support set that it uses.")] = "",
    with_images: Annotated[bool, typer.Option(help="Bring in images that lie in files outside, too.")] = False,
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
) -> Output:
    """Write the database, adapters and checkpoints into one file, while jobs go on."""
    with terminal.database() as db, terminal.progress("backup") as on_progress:
        manifest = create_backup(
            db, file, project=project, with_images=with_images, force=force, on_progress=on_progress
        )
    size = file.stat().st_size
    lines = [f"Wrote {file} ({size / 2**20:,.1f} MiB): {_contents_text(manifest)}."]
    if manifest["referenced_images"]:
        lines.append(
            f"{manifest['referenced_images']:,} images lie in files outside and are only referred to: keep their "
            "folders too, or add --with-images."
        )
    if manifest["missing_adapters"]:
        lines.append(f"The adapters of {', '.join(manifest['missing_adapters'])} are not where they belong: left out.")
    lines.append(f"`switchpoint restore {file} --data NEW` puts it into a new data directory.")
    return Output(data=manifest | {"file": str(file), "bytes": size}, text="\n".join(lines))


def restore_command(
    terminal: Terminal, *, file: Annotated[Path, typer.Argument(help="A zip that backup wrote.")]
) -> Output:
    """Put a backup into the new or empty directory that --data names; every file is verified first."""
    with terminal.progress("restore") as on_progress:
        manifest = restore_backup(file, terminal.data, on_progress=on_progress)
    lines = [f"Restored {_contents_text(manifest)} into {terminal.data}, as it was on {manifest['created']}."]
    if external := manifest["referenced_images"] - manifest["outside_images"]:
        lines.append(f"{external:,} of its images lie in files and are looked for where they were.")
    if manifest["outside"]:
        lines.append(manifest["outside"])
    lines.append(f"`switchpoint --data {terminal.data} serve` opens it; jobs that ran are taken up again.")
    return Output(data=manifest | {"data": str(terminal.data)}, text="\n".join(lines))


def _contents_text(manifest: dict[str, Any]) -> str:
    projects = manifest["projects"]
    folders = {name.rpartition("/")[0] for name in manifest["members"] if name.startswith("adapters/")}
    named = ", ".join(projects[:5]) + (" …" if len(projects) > 5 else "")
    return f"{len(projects)} projects ({named}), {len(folders)} adapters and checkpoints, schema {manifest['schema']}"
