"""Checks that a project can run an experiment, before one is queued."""

from collections.abc import Sequence

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from storage import store
from storage.database import Database
from storage.store import Project, Round

BY_SKILL = ("targeted", "random_step", "step_text")


def check_experiment(connection: Connection, project: Project, round_: Round, arms: Sequence[str]) -> None:
    """Raise UserError that says what these arms lack, and how to get it."""
    if not store.count_samples(connection, project=project.id, role="test"):
        raise UserError(
            f"'{project.name}' has no test set to measure on: `switchpoint import test PATH --project {project.name}`."
        )
    if any(arm in BY_SKILL for arm in arms) and not store.accepted_skills(connection, round_.id):
        raise UserError(
            f"Round {round_.number} of '{project.name}' has no accepted skill: review some cases, "
            f"or accept every diagnosis with `switchpoint review {project.name} --accept-all`."
        )
    if "insta" in arms and parse_endpoint(project.teacher):
        raise UserError(
            "The arm 'insta' embeds instructions with a teacher on this machine, and "
            f"{project.teacher} answers behind an endpoint: leave the arm out, or choose a local teacher."
        )


def has_accepted_skill(db: Database, project: str, *, round_number: int | None = 0) -> bool:
    """Whether the round has an accepted skill."""
    with db.read() as connection:
        return bool(
            store.accepted_skills(
                connection, find_round(connection, find_project(connection, project), round_number).id
            )
        )


def parse_budgets(text: str) -> list[int]:
    """ "500, 1000" → [500, 1000]. Raises UserError for other text. A comma separates budgets, not thousands."""
    parts = [part.strip().replace("_", "") for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise UserError(f"Budgets are whole numbers separated by commas, as in 500, 1000, not '{text[:80]}'.")
    return [int(part) for part in parts]
