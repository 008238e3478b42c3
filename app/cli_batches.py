"""The command for what is asked in batches: which are under way, how far they are, and ending one.

Also how the command line waits for them; what is ready is collected by the label job alone.
"""

from collections.abc import Callable
from dataclasses import asdict
from time import sleep
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from app.label_batches import state_text, under_way, waiting_text
from app.projects import find_project
from app.terminal import Shown, Terminal, command
from core.errors import UserError
from core.types import Batch
from storage import store
from storage.database import Database

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 60.0, 600.0, 1.25


def batches(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(help="A project (default: all of them).")] = "",
    cancel: Annotated[int | None, typer.Option(help="End this batch; what is answered is paid and collected.")] = None,
) -> Shown:
    """List the batches of questions at endpoints with their state, asked for now; or end one."""
    with terminal.database() as db:
        listed = _listed(db, project)
        if cancel is not None:
            listed = [_cancelled(db, listed, cancel)]
        else:
            listed = [_as_it_is(db, each, terminal.say) for each in listed]
    table = Table(
        "batch", "support set", "model", "state", "requests", "answered", "failed", "since", "at the endpoint"
    )
    for each in listed:
        counts = (f"{number:,}" for number in (each.requests, each.done, each.failed))
        row = (str(each.id), each.support, each.model, state_text(each), *counts, each.created[:16], each.remote)
        table.add_row(*map(Text, row))  # what a server says is no markup
    return Shown(data={"batches": [asdict(each) for each in listed]}, text=table if listed else "No batches.")


def wait_until_ready(db: Database, support: str, say: Callable[[str], None]) -> None:
    """Return as soon as one of the support set's batches can be collected, asked for with growing pauses."""
    from core.batch_files import ENDED

    pause = FIRST_PAUSE
    while True:
        sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
        found = [_as_it_is(db, each, say) for each in under_way(db, support)]
        if not found or any(each.state in ENDED or not each.remote for each in found):
            return
        done = sum(each.done for each in found)
        say(f"{waiting_text(found, way='')} {done:,} are answered.")


def _listed(db: Database, project: str) -> list[Batch]:
    with db.read() as c:
        projects = [find_project(c, project)] if project else store.list_projects(c)
        found = [batch for each in projects for batch in store.batches_of(c, each.id)]
    return sorted(found, key=lambda each: -each.id)


def _as_it_is(db: Database, batch: Batch, say: Callable[[str], None]) -> Batch:
    """The batch with its state as it is now; as it was known where the endpoint cannot say."""
    if batch.collected or not batch.remote:
        return batch
    from app.batch_desk import desk_of, refresh

    try:
        return refresh(db, desk_of(db, batch), batch)
    except UserError as error:
        say(str(error))
        return batch


def _cancelled(db: Database, listed: list[Batch], id: int) -> Batch:
    from app.batch_desk import cancel, desk_of

    found = next((each for each in listed if each.id == id), None)
    if found is None or found.collected:
        what = "is collected already" if found else "is not there"
        raise UserError(f"Batch {id} {what}: `switchpoint batches` lists those that are under way.")
    return cancel(db, desk_of(db, found), found)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    command(cli, "batches")(batches)
