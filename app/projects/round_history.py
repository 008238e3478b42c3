"""The history of a project's rounds: origin, accuracy, errors, and the skills closed and opened by each."""

from dataclasses import dataclass

from sqlalchemy import Connection

from core.evaluation.comparison import accuracy_interval
from core.types import Interval, Role
from storage import store
from storage.store import Project, Round

MEASURED_ROLES: tuple[Role, ...] = ("validation", "test")


@dataclass(frozen=True, kw_only=True)
class RoundLine:
    """One round: ``accuracy`` by set, of the answered samples, and its ``errors`` on the validation set.

    ``came_from`` is the number of the round whose errors its selection was made for, and ``start`` what its adapter was
    tuned from ("adapter": that of the round, trained further; "base"). ``closed`` are the skills missing in that round
    and not in this one, ``opened`` the reverse; None until both are diagnosed.
    """

    number: int
    came_from: int | None
    run: int | None
    start: str
    adopted: bool
    accuracy: dict[Role, Interval]
    errors: int
    closed: tuple[str, ...] | None
    opened: tuple[str, ...] | None


def round_lines(connection: Connection, project: Project) -> list[RoundLine]:
    """Every round of the project, in order."""
    rounds = store.rounds_of(connection, project.id)
    runs = {run.id: run for run in store.runs_of(connection, project.id)}
    by_id = {each.id: each for each in rounds}
    missing = {each.id: _missing_skills(connection, each) for each in rounds}
    adopted = store.adopted_round_id(connection, project.id)
    lines = []
    for each in rounds:
        run = runs.get(each.run or 0)
        before = by_id.get(run.from_round) if run else None
        now, then = missing[each.id], missing[before.id] if before else None
        known = now is not None and then is not None
        lines.append(
            RoundLine(
                number=each.number,
                came_from=before.number if before else None,
                run=each.run,
                start=run.settings.start if run and before and before.adapter else "base",
                adopted=each.id == adopted,
                accuracy=_accuracy(connection, each),
                errors=sum(
                    not right for right in store.correct_predictions(connection, each.id, "validation").values()
                ),
                closed=_difference(then, now) if known else None,
                opened=_difference(now, then) if known else None,
            )
        )
    return lines


def _accuracy(connection: Connection, round_: Round) -> dict[Role, Interval]:
    found = {role: list(store.prediction_scores(connection, round_.id, role).values()) for role in MEASURED_ROLES}
    return {role: accuracy_interval(scores) for role, scores in found.items() if scores}


def _missing_skills(connection: Connection, round_: Round) -> dict[str, str] | None:
    """The missing skills of a round, by their case-folded text; None where not all its errors are diagnosed."""
    if not store.correct_predictions(connection, round_.id, "validation") or store.missing_diagnoses(
        connection, round_.id
    ):
        return None
    return {" ".join(each.skill.casefold().split()): each.skill for each in store.missing_skills(connection, round_.id)}


def _difference(first: dict[str, str] | None, second: dict[str, str] | None) -> tuple[str, ...]:
    return tuple(skill for key, skill in (first or {}).items() if key not in (second or {}))
