"""Commands of tuning: tune, and measure, which estimates the memory and time that tuning will take.

Their options are ``app.tuning.options.FIELDS``, so that a command can set whatever the page can. Loads no model.
"""

import inspect
from dataclasses import asdict
from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.terminal import Output, Terminal, command
from app.jobs.queue import put_measure, put_tune
from app.projects.lookup import find_project
from app.rendering.formatting import duration
from app.tuning.options import FIELDS, PRESETS, STARTS, Field, read_settings, with_preset
from app.tuning.runs import resume_run
from core.errors import UserError
from core.types import TuningEstimate, TuningSettings
from storage import store
from storage.database import Database
from storage.jobs import Job

GIB = 2**30


def tune(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(help="The project.")],
    selection: Annotated[int | None, typer.Option(help="The selection's id (default: the newest).")] = None,
    run: Annotated[int | None, typer.Option(help="Go on with this unfinished run, with its own settings.")] = None,
    checkpoint: Annotated[
        int | None, typer.Option(help="With --run: after how many updates to go on (default: the newest; 0: afresh).")
    ] = None,
    preset: Annotated[str, typer.Option(help=f"Start from a preset: {', '.join(PRESETS)}.")] = "",
    start: Annotated[str, typer.Option(help=f"{', '.join(STARTS)} (default: the project's).")] = "",
    **given: float | None,
) -> Output:
    """Tune the student on a selection (LoRA) and open the next round."""
    with terminal.database() as db:
        if run is None:
            settings = _settings(db, project, preset, start, given)
            job = put_tune(db, project, selection=selection, settings=settings)
        elif preset or start or any(value is not None for value in given.values()):
            raise UserError("A run goes on with its own settings: leave out --run, or leave out the settings.")
        else:
            job = resume_run(db, project, run, checkpoint=checkpoint)
        return run_to_end(terminal, db, project, job)


def measure(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(help="The project.")],
    selection: Annotated[int | None, typer.Option(help="The selection's id (default: the newest).")] = None,
    preset: Annotated[str, typer.Option(help=f"Start from a preset: {', '.join(PRESETS)}.")] = "",
    start: Annotated[str, typer.Option(help=f"{', '.join(STARTS)} (default: the project's).")] = "",
    **given: float | None,
) -> Output:
    """Make a few real updates, throw them away, and say what memory and time tuning will take."""
    with terminal.database() as db:
        settings = _settings(db, project, preset, start, given)
        job = terminal.follow(db, put_measure(db, project, selection=selection, settings=settings))
        found = estimate_of_job(db, job)
    return Output(data={"selection": job.args["selection"]} | asdict(found), text=estimate_text(found))


def estimate_of_job(db: Database, job: Job) -> TuningEstimate:
    """The estimate that a finished measure job saved."""
    with db.read() as connection:
        found = store.tuning_estimate_of(connection, job.args["selection"])
    assert found is not None, "a finished measure leaves an estimate"
    return found.estimate


def estimate_text(found: TuningEstimate) -> str:
    """An estimate in two sentences."""
    left = f", {found.left_out:,} cannot be learned" if found.left_out else ""
    return (
        f"{found.updates:,} updates on {found.samples:,} samples{left}: about {duration(found.seconds)} "
        f"({found.samples_per_second:.1f} samples a second, by {found.measured} updates on {found.device}) and "
        f"{found.memory / GIB:.1f} of {found.capacity / GIB:.1f} GiB in batches of {found.batch_size}. "
        f"{found.trainable:,} of {found.parameters:,} parameters are tuned."
    )


def _settings(db: Database, project: str, preset: str, start: str, given: dict[str, float | None]) -> TuningSettings:
    with db.read() as connection:
        own = find_project(connection, project).settings.tuning
    chosen = with_preset(own, preset) if preset else own
    typed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return read_settings(chosen, typed | ({"start": start} if start else {}))


def _parameter(field: Field) -> inspect.Parameter:
    kind: Any = (int if field.whole else float) | None
    option = typer.Option(field.option, help=f"{field.label}: {field.about} (default: the project's).")
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    for function in (tune, measure):
        command(cli, function.__name__, [_parameter(each) for each in FIELDS])(function)
