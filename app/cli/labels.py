"""Commands on the skill labels of support sets: label, label-check, batches."""

from collections.abc import Callable
from dataclasses import asdict
from time import sleep
from typing import Annotated, cast, get_args

import typer
from rich.table import Table
from rich.text import Text

from app.cli.terminal import Output, Terminal
from app.endpoints.spending import estimate_label, estimate_text
from app.jobs.queue import put_label
from app.labels.batch_status import batches_of_support, state_text, waiting_text
from app.labels.labelling import LabelUnit, check_label, label_estimate, label_quality, labels_to_check
from app.projects.lookup import find_project
from app.projects.status import job_row
from app.settings import AppSettings
from core.errors import UserError
from core.types import BatchRequest
from storage import store
from storage.database import Database

FIRST_PAUSE_SECONDS = 60.0
MAX_PAUSE_SECONDS = 600.0
PAUSE_GROWTH = 1.25
SupportArgument = Annotated[str, typer.Argument(help="The support set's name.")]
LABEL_VERDICTS = {"right": True, "wrong": False}


def label(
    terminal: Terminal,
    support: SupportArgument,
    *,
    project: Annotated[str, typer.Option(help="The project whose teacher labels (default: the only one).")] = "",
    by: Annotated[str, typer.Option(help="sample, or group (samples with the same instruction)")] = "sample",
    estimate: Annotated[bool, typer.Option(help="Only say how often the teacher would be asked.")] = False,
    batch: Annotated[bool, typer.Option(help="Ask in batches: answered within a day, at OpenAI for half.")] = False,
    wait: Annotated[bool, typer.Option(help="With --batch: stay until all is answered.")] = False,
) -> Output:
    """Name the skills that a support set's samples exercise, where they have no label."""
    if wait and not batch:
        raise UserError("Only batches are waited for: say --batch too.")
    if by not in get_args(LabelUnit):
        raise UserError(f"Labels are not made by '{by}': choose one of {', '.join(get_args(LabelUnit))}.")
    with terminal.database() as db:
        found = label_estimate(db, support)
        summary = (
            f"{found.unlabelled:,} of {found.samples:,} samples of '{found.support}' have no label: the teacher is "
            f"asked {found.calls_by_sample:,} times by sample, {found.calls_by_group:,} times by group."
        )
        if estimate:
            calls = found.calls_by_group if by == "group" else found.calls_by_sample
            cost = estimate_label(db, support, project=project, calls=calls, batch=batch)
            return Output(data=asdict(found) | {"cost": cost}, text=f"{summary}\n{estimate_text(cost)}")
        terminal.remark(summary)
        while True:
            job = put_label(db, support, project=project, by=cast(LabelUnit, by), batch=batch)
            ended = terminal.follow(db, job)
            if not (batch and wait and batches_of_support(db, found.support)):
                break
            terminal.remark(ended.message)
            wait_until_ready(db, found.support, terminal.remark)
    text = f"Labelled: {ended.done:,} of {ended.total:,} samples of '{found.support}'. {ended.message}".rstrip()
    return Output(data={"job": job_row(ended)}, text=text)


def label_check(
    terminal: Terminal,
    *,
    support: SupportArgument,
    sample: Annotated[int | None, typer.Argument(help="A sample's id, to judge its label.")] = None,
    verdict: Annotated[str, typer.Argument(help="right or wrong")] = "",
    reviewer: Annotated[str, typer.Option(help="Who judges (default: the user's name).")] = "",
    seed: Annotated[int, typer.Option(help="The seed of the draw.")] = 0,
    limit: Annotated[int, typer.Option(help="How many samples to list.")] = 20,
) -> Output:
    """List labelled samples to judge, or judge one; says what share of the labels fits."""
    who = reviewer or AppSettings().reviewer
    with terminal.database() as db:
        if sample is not None:
            if verdict not in LABEL_VERDICTS:
                raise UserError(f"Say whether the label of sample {sample} is right or wrong.")
            check_label(db, sample, reviewer=who, fits=LABEL_VERDICTS[verdict])
        listed = labels_to_check(db, support, reviewer=who, seed=seed, limit=limit)
        found = label_quality(db, support)
    rows = [{"sample": each.id, "label": each.skill_label, "question": each.question} for each in listed]
    share = found.share
    interval = f" ({share.value:.0%}, 95 % interval {share.low:.0%} to {share.high:.0%})" if share else ""
    lines = [f"{row['sample']}  {row['label']}  ←  {row['question']}" for row in rows]
    text = "\n".join([*lines, f"{found.fit:,} of {found.judged:,} judged labels fit{interval}."])
    return Output(data={"to_check": rows, "quality": asdict(found)}, text=text)


def batches(
    terminal: Terminal,
    *,
    project: Annotated[str, typer.Argument(help="A project (default: all of them).")] = "",
    cancel: Annotated[int | None, typer.Option(help="End this batch; what is answered is paid and collected.")] = None,
) -> Output:
    """List the batches of questions at endpoints with their state, asked for now; or end one."""
    with terminal.database() as db:
        listed = _list_batches(db, project)
        if cancel is not None:
            listed = [_cancel_batch(db, listed, cancel)]
        else:
            listed = [_refresh_batch(db, each, terminal.remark) for each in listed]
    table = Table(
        "batch", "support set", "model", "state", "requests", "answered", "failed", "since", "at the endpoint"
    )
    for each in listed:
        counts = (f"{number:,}" for number in (each.requests, each.done, each.failed))
        row = (str(each.id), each.support, each.model, state_text(each), *counts, each.created[:16], each.remote)
        table.add_row(*map(Text, row))  # Text, because a server's words may contain markup
    return Output(data={"batches": [asdict(each) for each in listed]}, text=table if listed else "No batches.")


def wait_until_ready(db: Database, support: str, remark: Callable[[str], None]) -> None:
    """Return once one of the support set's batches can be collected, polling with growing pauses."""
    from core.endpoints.batch_files import ENDED_STATES

    pause = FIRST_PAUSE_SECONDS
    while True:
        sleep(pause)
        pause = min(pause * PAUSE_GROWTH, MAX_PAUSE_SECONDS)
        found = [_refresh_batch(db, each, remark) for each in batches_of_support(db, support)]
        if not found or any(each.state in ENDED_STATES or not each.remote for each in found):
            return
        done = sum(each.done for each in found)
        remark(f"{waiting_text(found, way='')} {done:,} are answered.")


def _list_batches(db: Database, project: str) -> list[BatchRequest]:
    with db.read() as connection:
        projects = [find_project(connection, project)] if project else store.list_projects(connection)
        found = [batch for each in projects for batch in store.batches_of(connection, each.id)]
    return sorted(found, key=lambda each: -each.id)


def _refresh_batch(db: Database, batch: BatchRequest, remark: Callable[[str], None]) -> BatchRequest:
    """The batch with its current state; unchanged, after a remark, where the endpoint cannot be asked."""
    if batch.collected or not batch.remote:
        return batch
    from app.endpoints.batch_requests import batch_client_of, refresh_batch

    try:
        return refresh_batch(db, batch_client_of(db, batch), batch)
    except UserError as error:
        remark(str(error))
        return batch


def _cancel_batch(db: Database, listed: list[BatchRequest], id: int) -> BatchRequest:
    from app.endpoints.batch_requests import batch_client_of, cancel_batch

    found = next((each for each in listed if each.id == id), None)
    if found is None or found.collected:
        what = "is collected already" if found else "is not there"
        raise UserError(f"Batch {id} {what}: `switchpoint batches` lists those that are under way.")
    return cancel_batch(db, batch_client_of(db, found), found)
