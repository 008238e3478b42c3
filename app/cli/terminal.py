"""The command line's manners: options on every command, output as text or JSON, progress bars, exit codes.

0 is success, 1 a user error (one sentence on stderr), 2 a bug (its traceback in ``logs/switchpoint.log``, one sentence
on stderr). Knows jobs only to follow them; which command does what stands in the ``cli*`` modules.
"""

import inspect
import json as json_text
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from typer.exceptions import TyperException

from app.processes.worker_process import ensure_worker
from app.progress import BUG, Advance, ProgressCallback
from app.settings import logs_folder
from core.errors import FolderError, UserError, printable
from core.redaction import redact
from storage import jobs
from storage.database import Database, open_database
from storage.errors import fault_told
from storage.jobs import Job

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")]
RoundOption = Annotated[int | None, typer.Option("--round", help="The round (default: the adopted, else the newest).")]


DataOption = Annotated[
    Path | None, typer.Option("--data", help="The data directory.", show_default=False, readable=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
ENDED = ("done", "failed", "cancelled")
RESTARTS = 3


class BugError(Exception):
    """A bug whose traceback is in a log already; ``str(error)`` is the sentence to show."""


@dataclass(frozen=True, kw_only=True)
class Shown:
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

    def say(self, text: RenderableType) -> None:
        """A remark on the way (stderr, so that stdout stays parseable); silent with ``--json``."""
        if not self.json:
            _print(Console(stderr=True), text)

    def show(self, shown: Shown) -> None:
        """The result on stdout."""
        if self.json:
            print(json_text.dumps(shown.data, ensure_ascii=False, indent=2))
        elif shown.text:
            _print(Console(), shown.text)

    @contextmanager
    def progress(self, title: str) -> Iterator[ProgressCallback]:
        """A progress bar for work in this process: call what it yields with each advance."""
        with _progress_bar(hidden=self.json) as bar:
            task = bar.add_task(title, total=None, rate="", note="", visible=False)

            def on_progress(advance: Advance) -> None:
                speed = bar.tasks[task].speed
                bar.update(
                    task,
                    completed=advance.done,
                    total=advance.total or None,
                    rate=f"{speed:,.0f}/s" if speed else "",
                    note=advance.message,
                    visible=True,
                )

            yield on_progress

    def follow(self, db: Database, job: Job) -> Job:
        """Wait for a job with a progress bar; a worker is started when none runs. Ctrl-C leaves the job running."""
        try:
            ensure_worker(db.data)
        except FolderError as error:
            raise UserError(
                f"Job {job.id} ({job.kind}) is queued and waits, since no worker can begin. {error} Then run the same "
                "command again."
            ) from error
        try:
            with _progress_bar(hidden=self.json) as bar:
                ended = _watch(db, job.id, bar)
        except KeyboardInterrupt:
            raise UserError(
                f"Job {job.id} ({job.kind}) goes on in the background: see `switchpoint status`, "
                f"or run the same command again to follow it."
            ) from None
        if ended.state == "cancelled":
            raise UserError(f"Job {job.id} was cancelled: run the same command again to go on where it stopped.")
        if ended.state == "failed":
            raise BugError(ended.error) if ended.error.startswith(BUG) else UserError(ended.error)
        return ended


def command(
    app: typer.Typer, name: str, options: Sequence[inspect.Parameter] = ()
) -> Callable[[Callable[..., Shown]], Callable[..., Shown]]:
    """Register ``function(terminal, …)`` as a command that also takes ``--data`` and ``--json``.

    ``options`` are those that the function takes as ``**keywords``.
    """

    def register(function: Callable[..., Shown]) -> Callable[..., Shown]:
        def run(*, context: typer.Context, data: Path | None, json: bool, **arguments: Any) -> None:
            root: Terminal = context.obj
            terminal = Terminal(data=data or root.data, json=json or root.json)
            with _bugs_logged(terminal.data):
                shown = function(terminal, **arguments)
            terminal.show(shown)
            raise typer.Exit(shown.code)

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


@contextmanager
def _bugs_logged(data: Path) -> Iterator[None]:
    """Any exception that is meant for nobody becomes a ``BugError``, and its traceback goes to the log."""
    try:
        yield
    except (UserError, BugError):
        raise
    except Exception as error:  # the one place where a bug is turned into a sentence; the log keeps all of it
        if told := fault_told(error, data):
            raise told from error
        where = _logged(data)
        sentence = redact(f"Switchpoint has a bug ({type(error).__name__}: {error}); the traceback is {where}.")
        raise BugError(sentence) from error


def _logged(data: Path) -> str:
    """Write the traceback that is being handled into the log and say where that is; stderr takes what no log can."""
    said = redact(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}\n")
    try:
        where = logs_folder(data) / "switchpoint.log"
        with where.open("a") as log:
            log.write(said)
    except (OSError, FolderError) as error:
        print(said, file=sys.stderr)
        return f"above, since the log cannot be written ({error})"
    return f"in {where}"


def _print(console: Console, shown: RenderableType) -> None:
    """Sentences are wrapped by the terminal, if at all: a path that is cut in two lines is no path."""
    console.print(_plain(shown), soft_wrap=isinstance(shown, str))


def _plain(shown: RenderableType) -> RenderableType:
    """Text as it is: square brackets out of somebody's file are no markup, and its control characters are named."""
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


def _watch(db: Database, key: int, bar: Progress) -> Job:
    task = bar.add_task("waiting", total=None, rate="", note="")
    restarts, last_look = 0, time.monotonic()
    while True:
        with db.read() as connection:
            job = jobs.job(connection, key)
        speed = bar.tasks[task].speed
        bar.update(
            task,
            description=f"{job.kind} ({job.state})",
            total=job.total or None,
            completed=job.done,
            rate=f"{speed:.1f}/s" if speed else "",
            note=job.message,
        )
        if job.state in ENDED:
            return job
        if time.monotonic() - last_look > 5:
            restarts, last_look = restarts + _worker_missing(db, restarts), time.monotonic()
        time.sleep(0.2)


def _worker_missing(db: Database, restarts: int) -> int:
    """Start the worker again when it has died; give up when it dies every time."""
    started = ensure_worker(db.data)
    if started and restarts >= RESTARTS:
        raise UserError(f"The worker ended {RESTARTS} times: its log {logs_folder(db.data) / 'worker.log'} says why.")
    return int(started)
