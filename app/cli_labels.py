"""Commands for the skill labels of support sets: label them, and judge them.

Each is a thin layer over ``app.actions``: parse, call, show.
"""

from dataclasses import asdict
from typing import Annotated, cast, get_args

import typer

from app import actions
from app.cli_batches import wait_until_ready
from app.label_batches import under_way
from app.overview import job_row
from app.settings import AppSettings
from app.spending import estimate_label, estimate_text
from app.terminal import Shown, Terminal, command
from core.errors import UserError

SupportArgument = Annotated[str, typer.Argument(help="The support set's name.")]
VERDICTS = {"right": True, "wrong": False}


def label(
    terminal: Terminal,
    support: SupportArgument,
    *,
    project: Annotated[str, typer.Option(help="The project whose teacher labels (default: the only one).")] = "",
    by: Annotated[str, typer.Option(help="sample, or group (samples with the same instruction)")] = "sample",
    estimate: Annotated[bool, typer.Option(help="Only say how often the teacher would be asked.")] = False,
    batch: Annotated[bool, typer.Option(help="Ask in batches: answered within a day, at OpenAI for half.")] = False,
    wait: Annotated[bool, typer.Option(help="With --batch: stay until all is answered.")] = False,
) -> Shown:
    """Name the skills that a support set's samples exercise, where they have no label."""
    if wait and not batch:
        raise UserError("Only batches are waited for: say --batch too.")
    if by not in get_args(actions.By):
        raise UserError(f"Labels are not made by '{by}': choose one of {', '.join(get_args(actions.By))}.")
    with terminal.database() as db:
        found = actions.label_estimate(db, support)
        said = (
            f"{found.unlabelled:,} of {found.samples:,} samples of '{found.support}' have no label: the teacher is "
            f"asked {found.calls_by_sample:,} times by sample, {found.calls_by_group:,} times by group."
        )
        if estimate:
            calls = found.calls_by_group if by == "group" else found.calls_by_sample
            cost = estimate_label(db, support, project=project, calls=calls, batch=batch)
            return Shown(data=asdict(found) | {"cost": cost}, text=f"{said}\n{estimate_text(cost)}")
        terminal.say(said)
        while True:
            job = actions.put_label(db, support, project=project, by=cast(actions.By, by), batch=batch)
            ended = terminal.follow(db, job)
            if not (batch and wait and under_way(db, found.support)):
                break
            terminal.say(ended.message)
            wait_until_ready(db, found.support, terminal.say)
    text = f"Labelled: {ended.done:,} of {ended.total:,} samples of '{found.support}'. {ended.message}".rstrip()
    return Shown(data={"job": job_row(ended)}, text=text)


def label_check(
    terminal: Terminal,
    *,
    support: SupportArgument,
    sample: Annotated[int | None, typer.Argument(help="A sample's id, to judge its label.")] = None,
    verdict: Annotated[str, typer.Argument(help="right or wrong")] = "",
    reviewer: Annotated[str, typer.Option(help="Who judges (default: the user's name).")] = "",
    seed: Annotated[int, typer.Option(help="The seed of the draw.")] = 0,
    limit: Annotated[int, typer.Option(help="How many samples to list.")] = 20,
) -> Shown:
    """List labelled samples to judge, or judge one; says what share of the labels fits."""
    who = reviewer or AppSettings().reviewer
    with terminal.database() as db:
        if sample is not None:
            if verdict not in VERDICTS:
                raise UserError(f"Say whether the label of sample {sample} is right or wrong.")
            actions.check_label(db, sample, reviewer=who, fits=VERDICTS[verdict])
        listed = actions.labels_to_check(db, support, reviewer=who, seed=seed, limit=limit)
        found = actions.label_quality(db, support)
    rows = [{"sample": each.id, "label": each.skill_label, "question": each.question} for each in listed]
    share = found.share
    said = f" ({share.value:.0%}, 95 % interval {share.low:.0%} to {share.high:.0%})" if share else ""
    lines = [f"{row['sample']}  {row['label']}  ←  {row['question']}" for row in rows]
    text = "\n".join([*lines, f"{found.fit:,} of {found.judged:,} judged labels fit{said}."])
    return Shown(data={"to_check": rows, "quality": asdict(found)}, text=text)


def register(cli: typer.Typer) -> None:
    """Add these commands to the command line."""
    command(cli, "label")(label)
    command(cli, "label-check")(label_check)
