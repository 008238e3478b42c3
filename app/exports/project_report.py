"""A project's report as Markdown: rounds, missing skills, selections and comparisons."""

from collections.abc import Iterator

from sqlalchemy import Connection

from app.comparisons.paired import compare_pair
from app.rendering.terminal_tables import format_interval
from core.types import Role
from storage import store
from storage.store import Project


def report_text(connection: Connection, project: Project) -> str:
    """The report; each figure names the set that it was measured on."""
    parts = [
        f"# {project.name}",
        f"Student `{project.student}`, teacher `{project.teacher}`.",
        "## Rounds",
        *_rounds(connection, project),
        "## Missing skills (accepted)",
        *_skills(connection, project),
        "## Selections",
        *_selections(connection, project),
        "## What tuning changed",
        *_comparisons(connection, project),
    ]
    return "\n\n".join(parts) + "\n"


def _rounds(connection: Connection, project: Project) -> Iterator[str]:
    lines = ["| round | model | validation | test |", "|---|---|---|---|"]
    for each in store.rounds_of(connection, project.id):
        shown = []
        for role in ("validation", "test"):
            scores = list(store.prediction_scores(connection, each.id, role).values())
            shown.append(f"{sum(scores) / len(scores):.1%} of {len(scores):,}" if scores else "not measured")
        model = f"adapter of run {each.run}" if each.run else "untuned"
        lines.append(f"| {each.number} | {model} | {shown[0]} | {shown[1]} |")
    yield "\n".join(lines)


def _skills(connection: Connection, project: Project) -> Iterator[str]:
    for each in store.rounds_of(connection, project.id):
        demands = sorted(store.accepted_skills(connection, each.id), key=lambda demand: -demand.errors)
        if demands:
            yield f"Round {each.number}:"
            yield "\n".join(f"- {demand.skill}: {demand.errors} errors" for demand in demands)


def _selections(connection: Connection, project: Project) -> Iterator[str]:
    for each in store.selections_of(connection, project.id):
        yield (
            f"- Selection {each.id} ({each.arm}, seed {each.seed}): budget {each.budget:,} from '{each.support}', "
            f"{each.leaked} samples left out because they occur in the validation or test set."
        )


def _comparisons(connection: Connection, project: Project) -> Iterator[str]:
    base, *tuned = store.rounds_of(connection, project.id)
    roles: tuple[Role, ...] = ("test", "validation")
    for each in tuned:
        for role in roles:
            compared = compare_pair(connection, project, base, each, role)
            if compared:
                found = compared.found
                yield (
                    f"Round {each.number} against round 0 on the {role} set: {format_interval(found.before)} before, "
                    f"{format_interval(found.after)} after, difference {format_interval(found.difference)}, "
                    f"{len(found.fixed)} fixed, {len(found.broken)} broken, McNemar p = {found.p_value:.2g}."
                )
