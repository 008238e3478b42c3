"""The command line's root options, and the commands serve, worker, init-demo, status and doctor.

``switchpoint [--data DIR] [--json] COMMAND …``; both options are accepted before and after the command. The other
modules of this folder hold the other commands, one file a group; the list at the end registers them in the order of
``--help``. Imports no model library.
"""

import logging
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from app.backup.schedule import read_schedule
from app.cli import endpoints, experiments, files, labels, login, loop, projects, review, selection, tuning
from app.cli.terminal import DataOption, JsonOption, Output, Terminal, command, run_command_line
from app.demo.project import init_demo
from app.doctor.checks import run_checks
from app.engines.factory import create_engine
from app.processes.redacted_output import redact_output
from app.processes.worker_process import worker_pid
from app.projects.lookup import find_project
from app.projects.round_history import round_lines
from app.projects.status import project_status
from app.settings import ENGINE_NAMES, AppSettings, logs_folder
from app.worker.loop import serve_jobs
from core.errors import UserError

cli = typer.Typer(
    help="Find the reasoning step where a multimodal model goes wrong, name the missing skill, fetch samples, tune.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def root(context: typer.Context, data: DataOption = None, json: JsonOption = False) -> None:
    """Find the reasoning step where a model goes wrong, name the missing skill, fetch samples for it, tune, measure."""
    context.obj = Terminal(data=data or AppSettings().data, json=json)


@command(cli, "serve")
def serve(
    terminal: Terminal,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 0,
    backup_every: Annotated[
        str, typer.Option(help="Make a backup so often, into the data directory: 30m, 24h, 7d.")
    ] = "",
    keep: Annotated[int, typer.Option(help="Keep so many of these backups.", min=1)] = 7,
) -> Output:
    """Open the page in a browser; jobs go on when it is closed."""
    from app.web.server import serve as serve_page

    settings = AppSettings()
    serve_page(
        terminal.data,
        host=host or settings.host,
        port=port or settings.port,
        names=settings.names,
        schedule=read_schedule(backup_every, keep),
    )
    return Output(data={"served": str(terminal.data)})


@command(cli, "worker")
def worker(
    terminal: Terminal,
    *,
    leave_when_idle: Annotated[bool, typer.Option(help="End after some minutes without a job.")] = False,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Make each tuning run in so many processes on this machine (default: one a GPU)."),
    ] = None,
    shard: Annotated[
        bool, typer.Option(help="Deal the student over these processes: for one that is larger than a GPU.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local, or ray: where the work is done.")] = "",
    address: Annotated[str, typer.Option(help="With ray: the cluster, as HOST:6379 (default: this machine's).")] = "",
    actors: Annotated[int, typer.Option(help="With ray: how many at most (default: one a GPU).", min=0)] = 0,
) -> Output:
    """Do the jobs of this data directory (the app starts one by itself)."""
    logs_folder(terminal.data)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for verbose in ("alembic", "httpx2"):  # httpx2 logs a line for each request
        logging.getLogger(verbose).setLevel(logging.WARNING)
    given: dict[str, Any] = {"engine": engine, "ray_address": address, "ray_actors": actors}
    given |= {"processes": processes, "shard": shard}
    if engine not in ("", *ENGINE_NAMES):
        raise UserError(f"There is no engine '{engine}': choose one of {', '.join(ENGINE_NAMES)}.")
    settings = AppSettings(**{name: each for name, each in given.items() if each})
    idle_minutes = settings.idle_minutes if leave_when_idle else None
    serve_jobs(terminal.data, create_engine(settings), idle_minutes=idle_minutes)
    return Output(data={"worker": "ended"})


@command(cli, "init-demo")
def init_demo_command(terminal: Terminal) -> Output:
    """Create the project "demo" (again does nothing)."""
    with terminal.database() as db:
        report = init_demo(db)
    state = "is there already" if not report["created"] else "is ready"
    return Output(data=report, text=f"Project 'demo' {state} in {terminal.data}: `switchpoint serve` opens it.")


@command(cli, "status")
def status(
    terminal: Terminal, project: Annotated[str, typer.Argument(help="A project (default: all of them).")] = ""
) -> Output:
    """What there is, what is running, and what to do next."""
    with terminal.database() as db:
        shown = project_status(db, project) | {"worker": worker_pid(db.data)}
        if project:
            with db.read() as connection:
                lines = round_lines(connection, find_project(connection, project))
            shown["line"] = [asdict(each) | {"round": each.number} for each in lines]
    return Output(data=shown, text=_status_table(shown) if project else _overview(shown))


@command(cli, "doctor")
def doctor(terminal: Terminal) -> Output:
    """Check versions, devices, memory, disk, the data directory, the worker, every project's models, and keys."""
    checks = run_checks(terminal.data)
    lines = [f"{'ok ' if check['ok'] else 'NO '} {check['name']}: {check['found']}" for check in checks]
    return Output(data=checks, text="\n".join(lines), code=0 if all(check["ok"] for check in checks) else 1)


def main() -> None:
    """The ``switchpoint`` command."""
    redact_output()
    raise SystemExit(run_command_line(cli))


def _overview(shown: dict[str, Any]) -> str:
    projects = ", ".join(shown["projects"]) or "none yet: `switchpoint init-demo` makes one"
    lines = [f"Projects: {projects}", f"Support sets: {shown['support'] or 'none'}"]
    return "\n".join([*lines, f"Worker: {shown['worker'] or 'not running'}", *shown["better_readings"]])


def _status_table(shown: dict[str, Any]) -> Group:
    columns = ("round", "samples", "predictions", "wrong", "unclear", "diagnosed", "reviewed", "selected")
    table = Table(*columns)
    for row in shown["rounds"]:
        table.add_row(*(str(row[name]) for name in columns))
    jobs = [
        f"job {job['id']} {job['kind']}: {job['state']}, {job['done']:,} of {job['total']:,} {job['error']}".rstrip()
        for job in shown["jobs"][:8]
    ]
    notes = [Text(shown["better_reading"])] if shown["better_reading"] else []
    return Group(table, _history_table(shown["line"]), *jobs, *notes, f"Next: {shown['next']}")


def _history_table(lines: list[dict[str, Any]]) -> Table:
    """Accuracy, and skills closed and opened, by round."""
    table = Table("round", "from", "test accuracy, 95 %", "validation accuracy, 95 %", "skills closed", "opened")
    for line in lines:
        shares = [
            f"{found['value']:.1%} ({found['low']:.1%} to {found['high']:.1%})" if found else "–"
            for found in (line["accuracy"].get(role) for role in ("test", "validation"))
        ]
        skills = ["–" if line[which] is None else str(len(line[which])) for which in ("closed", "opened")]
        origin = "–" if line["came_from"] is None else str(line["came_from"])
        table.add_row(str(line["round"]), origin, *shares, *skills)
    return table


for name, function in (
    ("backup", files.backup),
    ("restore", files.restore_command),
    ("new", projects.new),
    ("settings", projects.settings),
    ("import", files.import_command),
    ("review", review.review),
    ("select", selection.select),
    ("export", files.export),
    ("predict", loop.predict),
    ("diagnose", loop.diagnose),
    ("loop", loop.loop),
    ("compare", review.compare),
    ("adopt", review.adopt),
    ("reread", review.reread),
    ("experiment", experiments.experiment),
    ("label", labels.label),
    ("label-check", labels.label_check),
    ("batches", labels.batches),
    ("prompts", projects.prompts),
    ("rule", selection.rule_command),
    ("spending", endpoints.spending_command),
):
    command(cli, name)(function)
tuning.register(cli)
cli.add_typer(endpoints.keys, name="key")
login.register(cli)
