"""Rulings on the hits of a skill: pin or remove a support sample or a whole task, and undo.

``core.selection.rulings`` applies them to a selection.
"""

from dataclasses import replace
from typing import Any, get_args

from sqlalchemy import Connection

from app.projects.lookup import find_project
from app.selections.support_index import indexed_support
from core.errors import UserError
from core.literals import member_of
from core.types import Ruling, RulingAct
from storage import store
from storage.database import Database
from storage.store import Project

RULING_ACTS: tuple[RulingAct, ...] = get_args(RulingAct)


def add_ruling(
    db: Database, project: str, skill: str, act: str, *, sample: int | None = None, task: str | None = None,
    reviewer: str, support: str = "",
) -> Ruling:  # fmt: skip
    """Pin, remove or clear a support sample (id) or all samples of a task of ``support`` among the hits of a skill.

    Raises UserError for an unknown skill, sample or task, or when there is nothing to clear.
    """
    chosen = member_of(RULING_ACTS, act)
    if chosen is None:
        raise UserError(f"There is no such ruling: choose one of {', '.join(RULING_ACTS)}.")
    if (sample is None) == (task is None):
        raise UserError("A ruling is on one sample or on all samples of one task: name one of the two.")
    asked = Ruling(skill=skill, act=chosen, sample=sample, task=task, reviewer=reviewer)
    with db.write() as connection:
        found = find_project(connection, project)
        stands = store.standing_ruling(connection, found.id, asked)
        if act == "clear" and (stands is None or stands.act == "clear"):
            raise UserError("Nothing was said of it under this skill, so there is nothing to take back.")
        if act != "clear":
            _check(connection, db, found, asked, support)
        if stands is not None and stands.act == act:
            return stands
        return store.add_ruling(connection, found.id, asked)


def undo_ruling(db: Database, project: str, ruling: int, *, reviewer: str) -> Ruling:
    """Undo a ruling by appending the one before it, or "clear"; returns the appended ruling.

    Raises UserError for an unknown ruling, or one that is no longer in force.
    """
    with db.write() as connection:
        found = find_project(connection, project)
        undone = store.ruling_of(connection, found.id, ruling)
        stands = None if undone is None else store.standing_ruling(connection, found.id, undone)
        if undone is None or stands is None or stands.id != undone.id:
            raise UserError("This ruling does not stand any more, so there is nothing to undo.")
        before = store.standing_ruling(connection, found.id, undone, before=undone.id)
        act: RulingAct = "clear" if before is None else before.act
        return store.add_ruling(connection, found.id, replace(undone, act=act, reviewer=reviewer))


def standing_rulings(db: Database, project: str, skill: str = "") -> list[Ruling]:
    """The rulings in force of a project, oldest first; with a ``skill``, only those on it."""
    with db.read() as connection:
        found = store.rulings_of(connection, find_project(connection, project).id)
    return [each for each in found if skill in ("", each.skill)]


def ruling_row(ruling: Ruling) -> dict[str, Any]:
    """A ruling as the command line and the manifest show it."""
    return {
        "ruling": ruling.id, "skill": ruling.skill, "act": ruling.act, "sample": ruling.sample, "task": ruling.task,
        "reviewer": ruling.reviewer, "created": ruling.created,
    }  # fmt: skip


def _check(connection: Connection, db: Database, project: Project, ruling: Ruling, support: str) -> None:
    """Raise UserError unless a round accepted the skill and the labelled sample or the task exists."""
    accepted = {
        each.skill
        for round_ in store.rounds_of(connection, project.id)
        for each in store.accepted_skills(connection, round_.id)
    }
    if ruling.skill not in accepted:
        raise UserError(
            f"No case with the skill '{ruling.skill[:120]}' is accepted: name one of those that `switchpoint rule "
            f"{project.name}` and the Selection tab show, word for word."
        )
    if ruling.sample is not None:
        known = store.samples_by_id(connection, [ruling.sample]).get(ruling.sample)
        if known is None or not known.skill_label:
            raise UserError(f"There is no support sample {ruling.sample} with a skill label: choose one of the hits.")
        return
    index = indexed_support(connection, db, support or project.settings.support)
    if index is None or ruling.task not in index.index.task_codes:
        raise UserError(
            f"No labelled support sample is of a task '{(ruling.task or '')[:120]}': choose one of the hits'."
        )
