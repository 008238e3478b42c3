"""Commands that keep everything safe: backup and restore, for the whole data directory or one project."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.backup import back_up
from app.restoring import restore
from app.terminal import Shown, Terminal, command


def backup(
    terminal: Terminal,
    *,
    file: Annotated[Path, typer.Argument(help="The zip to write.")],
    project: Annotated[str, typer.Option(help="Only this project, with the support set that it uses.")] = "",
    with_images: Annotated[bool, typer.Option(help="Bring in images that lie in files outside, too.")] = False,
    force: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
) -> Shown:
    """Write the database, adapters and checkpoints into one file, while jobs go on."""
    with terminal.database() as db, terminal.progress("backup") as watch:
        manifest = back_up(db, file, project=project, with_images=with_images, force=force, watch=watch)
    size = file.stat().st_size
    lines = [f"Wrote {file} ({size / 2**20:,.1f} MiB): {_held(manifest)}."]
    if manifest["referenced_images"]:
        lines.append(
            f"{manifest['referenced_images']:,} images lie in files outside and are only referred to: keep their "
            "folders too, or add --with-images."
        )
    if manifest["missing_adapters"]:
        lines.append(f"The adapters of {', '.join(manifest['missing_adapters'])} are not where they belong: left out.")
    lines.append(f"`switchpoint restore {file} --data NEW` puts it into a new data directory.")
    return Shown(data=manifest | {"file": str(file), "bytes": size}, text="\n".join(lines))


def restore_command(
    terminal: Terminal, *, file: Annotated[Path, typer.Argument(help="A zip that backup wrote.")]
) -> Shown:
    """Put a backup into the new or empty directory that --data names; every file is verified first."""
    with terminal.progress("restore") as watch:
        manifest = restore(file, terminal.data, watch=watch)
    lines = [f"Restored {_held(manifest)} into {terminal.data}, as it was on {manifest['created']}."]
    if kept := manifest["referenced_images"] - manifest["outside_images"]:
        lines.append(f"{kept:,} of its images lie in files and are looked for where they were.")
    if manifest["outside"]:
        lines.append(manifest["outside"])
    lines.append(f"`switchpoint --data {terminal.data} serve` opens it; jobs that ran are taken up again.")
    return Shown(data=manifest | {"data": str(terminal.data)}, text="\n".join(lines))


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    command(cli, "backup")(backup)
    command(cli, "restore")(restore_command)


def _held(manifest: dict[str, Any]) -> str:
    projects = manifest["projects"]
    folders = {name.rpartition("/")[0] for name in manifest["members"] if name.startswith("adapters/")}
    named = ", ".join(projects[:5]) + (" …" if len(projects) > 5 else "")
    return f"{len(projects)} projects ({named}), {len(folders)} adapters and checkpoints, schema {manifest['schema']}"
