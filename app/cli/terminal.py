"""What all commands share: the options of every command, output as text or JSON, progress bars and exit codes.

Exit code 0 is success, 1 a user error (one sentence on stderr), 2 a bug (its traceback in ``logs/switchpoint.log``, one
sentence on stderr).
"""

import inspect
import json as json_text
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text
from typer.exceptions import TyperException

from app.processes.bug_log import BugError, log_bugs
from app.processes.worker_process import ensure_worker
from app.progress import BUG_MESSAGE, ProgressCallback
from app.settings import logs_folder
from core.errors import FolderError, UserError, printable
from storage import jobs
from storage.database import Database, open_database
from storage.jobs import Job

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")]
RoundOption = Annotated[int | None, typer.Option("--round", help="The round (default: the adopted, else the newest).")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="The data directory.", show_default=False, readable=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
END_STATES = ("done", "failed", "cancelled")
POLL_SECONDS = 0.2
WORKER_CHECK_SECONDS = 5
MAX_RESTARTS = 3


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a command prints: ``data`` with ``--json``, else ``text``; ``code`` is the exit code."""

    data: Any
    text: RenderableType = ""
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Where one command works and how it prints."""

    data: Path
    json: bool

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The data directory's database, closed afterwards."""
        db = open_database(self.data)
        try:
            yield db
        finally:
            db.close()

    def remark(self, text: RenderableType) -> None:
        """Print a remark on stderr (stdout is for the result); nothing with ``--json``."""
        if not self.json:
            _print(Console(stderr=True), text)

    def show(self, output: Output) -> None:
        """Print the result on stdout."""
        if self.json:
            print(json_text.dumps(output.data, ensure_ascii=False, indent=2))
        elif output.text:
            _print(Console(), output.text)

    @contextmanager
    def progress(self, title: str) -> Iterator[ProgressCallback]:
        """A progress bar for work in this process; yields the callback that shows an advance."""
        with _progress_bar(hidden=self.json) as bar:
            task = bar.add_task(title, total=None, rate="", note="", visible=False)
            yield lambda advance: _update_bar(
                bar, task, advance.done, advance.total, advance.message, rate_format=",.0f", visible=True
            )

    def follow(self, db: Database, job: Job) -> Job:
        """Wait for a job with a progress bar, starting a worker where none runs. Ctrl-C leaves the job running.

        Raises UserError for a job that cannot start, failed or was cancelled, BugError for one that a bug stopped.
        """
        try:
            ensure_worker(db.data)
        except FolderError as error:
            raise UserError(
                f"Job {job.id} ({job.kind}) is queued and waits, since no worker can begin. {error} Then run the same "
                "command again."
            ) from error
        try:
            with _progress_bar(hidden=self.json) as bar:
                ended = _follow(db, job.id, bar)
        except KeyboardInterrupt:
            raise UserError(
                f"Job {job.id} ({job.kind}) goes on in the background: see `switchpoint status`, "
                f"or run the same command again to follow it."
            ) from None
        if ended.state == "cancelled":
            raise UserError(f"Job {job.id} was cancelled: run the same command again to go on where it stopped.")
        if ended.state == "failed":
            raise BugError(ended.error) if ended.error.startswith(BUG_MESSAGE) else UserError(ended.error)
        return ended


def command(
    app: typer.Typer, name: str, options: Sequence[inspect.Parameter] = ()
) -> Callable[[Callable[..., Output]], Callable[..., Output]]:
    """Decorator: register ``function(terminal, …)`` as a command that also takes ``--data`` and ``--json``.

    ``options`` are passed to the function as ``**keywords``.
    """

    def register(function: Callable[..., Output]) -> Callable[..., Output]:
        def run(*, context: typer.Context, data: Path | None, json: bool, **arguments: Any) -> None:
            root: Terminal = context.obj
            terminal = Terminal(data=data or root.data, json=json or root.json)
            with log_bugs(terminal.data):
                output = function(terminal, **arguments)
            terminal.show(output)
            raise typer.Exit(output.code)

        declared = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        own = [each for each in declared if each.kind is not inspect.Parameter.VAR_KEYWORD]
        added = [
            *options,
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            inspect.Parameter("data", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=DataOption),
            inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption),
        ]
        wanted = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + added
        run.__signature__ = inspect.Signature(wanted)  # type: ignore[attr-defined]  # Typer reads it
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in wanted}
        app.command(name, help=function.__doc__)(run)
        return function

    return register


def run_command_line(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return int(typer.main.get_command(app).main(arguments, prog_name="switchpoint", standalone_mode=False) or 0)
    except TyperException as error:
        print(printable(f"{error.format_message()} `switchpoint --help` lists the commands."), file=sys.stderr)
        return 1
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except (typer.Abort, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
        return 1
    except BugError as error:
        print(printable(str(error)), file=sys.stderr)
        return 2


def _print(console: Console, shown: RenderableType) -> None:
    """Print, leaving the wrapping of text to the terminal: a path that Rich breaks into two lines cannot be copied."""
    console.print(_plain(shown), soft_wrap=isinstance(shown, str))


def _plain(shown: RenderableType) -> RenderableType:
    """Text without markup and control characters: square brackets and escapes out of a file must have no effect."""
    return Text(printable(shown)) if isinstance(shown, str) else shown


def _progress_bar(*, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=hidden,
    )


def _update_bar(
    bar: Progress, task: TaskID, done: int, total: int, note: str, *, rate_format: str, **changes: Any
) -> None:
    speed = bar.tasks[task].speed
    rate = f"{speed:{rate_format}}/s" if speed else ""
    bar.update(task, completed=done, total=total or None, rate=rate, note=note, **changes)


def _follow(db: Database, key: int, bar: Progress) -> Job:
    task = bar.add_task("waiting", total=None, rate="", note="")
    restarts, last_check = 0, time.monotonic()
    while True:
        with db.read() as connection:
            job = jobs.job(connection, key)
        title = f"{job.kind} ({job.state})"
        _update_bar(bar, task, job.done, job.total, job.message, rate_format=".1f", description=title)
        if job.state in END_STATES:
            return job
        if time.monotonic() - last_check > WORKER_CHECK_SECONDS:
            restarts, last_check = restarts + _restart_worker(db, restarts), time.monotonic()
        time.sleep(POLL_SECONDS)


def _restart_worker(db: Database, restarts: int) -> int:
    """Start a worker where it has ended; returns 1 for a start. Raises UserError after ``MAX_RESTARTS``."""
    started = ensure_worker(db.data)
    if started and restarts >= MAX_RESTARTS:
        raise UserError(
            f"The worker ended {MAX_RESTARTS} times: its log {logs_folder(db.data) / 'worker.log'} says why."
        )
    return int(started)
