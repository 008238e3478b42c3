"""From accepted skills to a selection: the support set's index, the leak check, the draw, and the stored result.

Knows the retrieval and the tables; no model, no page.
"""

from typing import Literal

from sqlalchemy import Connection

from app.projects import find_project, find_round
from core.errors import UserError
from core.retrieval import SkillIndex
from core.selection import leak_key, select, select_random
from core.types import Sample, Selection
from storage import store
from storage.database import Database
from storage.store import Project


def make_selection(
    db: Database,
    project: str,
    *,
    budget: int,
    round: int | None = None,
    seed: int | None = None,
    arm: Literal["targeted", "random"] = "targeted",
    support: str = "",
    allow_fewer: bool = False,
) -> Selection:
    """Choose ``budget`` support samples for the round's accepted skills (or at random) and keep the selection.

    ``seed`` defaults to the project's. Fewer matching samples than the budget is refused with the number there is,
    unless ``allow_fewer``.
    """
    if budget < 1:
        raise UserError("A selection needs a budget of at least 1 sample.")
    with db.read() as connection:
        found = find_project(connection, project)
        at = find_round(connection, found, round)
        name = store.support_set(connection, support or found.settings.support)
        demands = store.accepted_skills(connection, at.id) if arm == "targeted" else []
        samples = list(store.support_samples(connection, name))
        leaked = _leaked(connection, found, samples)
    draw = found.settings.seed if seed is None else seed
    if arm == "random":
        ids, images = [sample.id for sample in samples], [sample.image for sample in samples]
        hits = select_random(ids, budget=budget, leaked=leaked, seed=draw, images=images)
    elif demands:
        hits = select(_index(name, samples), demands, budget=budget, leaked=leaked, seed=draw)
    else:
        raise UserError(
            f"Round {at.number} of '{project}' has no accepted skill: review some cases, "
            f"or accept every diagnosis with `switchpoint review {project} --accept-all`."
        )
    _check_size(name, arm, budget, len(hits), allow_fewer)
    selection = Selection(
        project=found.id, round=at.id, support=name, arm=arm, budget=budget, seed=draw, demands=tuple(demands),
        hits=tuple(hits), leaked=len(leaked),
    )  # fmt: skip
    with db.write() as connection:
        return store.save_selection(connection, selection)


def newest_selection(connection: Connection, project: Project, selection: int | None = None) -> Selection:
    """The project's selection of that id, or its newest; ``UserError`` when there is none."""
    known = [each.id for each in store.selections_of(connection, project.id)]
    if not known:
        raise UserError(
            f"Project '{project.name}' has no selection: make one with `switchpoint select {project.name} --budget N`."
        )
    if selection is not None and selection not in known:
        raise UserError(
            f"Project '{project.name}' has no selection {selection}: there are {', '.join(map(str, known))}."
        )
    return store.selection(connection, selection or max(known))


def _index(name: str, samples: list[Sample]) -> SkillIndex:
    labelled = [sample for sample in samples if sample.skill_label]
    if not labelled:
        raise UserError(f"Support set '{name}' has no skill labels: label it with `switchpoint label {name}`.")
    return SkillIndex.build(
        [sample.skill_label for sample in labelled],
        [sample.id for sample in labelled],
        [sample.task for sample in labelled],
        [sample.image for sample in labelled],
    )


def _leaked(connection: Connection, project: Project, samples: list[Sample]) -> set[int]:
    """Support samples whose question or image also occurs in the project's validation or test set."""
    measured = [
        each for role in ("validation", "test") for each in store.samples_of(connection, project=project.id, role=role)
    ]
    questions = {leak_key(each) for each in measured}
    images = {each.image for each in measured if each.image}
    return {each.id for each in samples if each.image in images or leak_key(each) in questions}


def _check_size(support: str, arm: str, budget: int, found: int, allow_fewer: bool) -> None:
    if not found:
        raise UserError(
            f"No sample of '{support}' matches the accepted skills: edit the skills, or add support samples."
        )
    if found < budget and not allow_fewer:
        what = "match the accepted skills" if arm == "targeted" else "are free of leaks"
        raise UserError(
            f"Only {found:,} samples of '{support}' {what}, fewer than the budget of {budget:,}: "
            f"choose --budget {found} or add --allow-fewer."
        )
