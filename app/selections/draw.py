"""Makes selections for accepted skills: search in the support set's index, draw, leak check, and storage.

Only samples that would be drawn are checked for leaks, by image content and question text, so that a support set of a
million photos is never read completely.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import Connection

from app.ground_truth import precisions
from app.projects.lookup import find_project, find_round
from app.selections.leak_check import leak_checker
from app.selections.support_index import IndexedSupport, indexed_support
from core.errors import UserError
from core.selection.composition import count_by_task, describe_selection
from core.selection.draw import draw_without_leaks, select_hits, select_random
from core.types import Composition, Hit, Ruling, Selection, SkillDemand
from storage import store
from storage.database import Database
from storage.store import Project


def make_selection(
    db: Database,
    project: str,
    *,
    budget: int,
    round_number: int | None = None,
    seed: int | None = None,
    arm: Literal["targeted", "random"] = "targeted",
    support: str = "",
    allow_fewer: bool = False,
) -> Selection:
    """Choose ``budget`` support samples for the round's accepted skills (or at random) and save the selection.

    ``seed`` defaults to the project's. Raises UserError, with their number, for fewer matching samples than the budget,
    unless ``allow_fewer``.
    """
    if budget < 1:
        raise UserError("A selection needs a budget of at least 1 sample.")
    with db.read() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
        name = store.named_support_set(connection, support or found.settings.support)
        demands = store.accepted_skills(connection, round_.id) if arm == "targeted" else []
        if arm == "targeted" and not demands:
            raise UserError(
                f"Round {round_.number} of '{project}' has no accepted skill: review some cases, "
                f"or accept every diagnosis with `switchpoint review {project} --accept-all`."
            )
        index = indexed_support(connection, db, name) if arm == "targeted" else None
        if arm == "targeted" and index is None:
            raise UserError(f"Support set '{name}' has no skill labels: label it with `switchpoint label {name}`.")
        ids = store.support_sample_ids(connection, name) if index is None else ()
        rulings = store.rulings_of(connection, found.id, {each.skill for each in demands}) if demands else []
    start = found.settings.seed if seed is None else seed

    def draw(leaked: set[int], contents: Mapping[int, str]) -> list[Hit]:
        if index is None:
            return select_random(ids, budget=budget, leaked=leaked, seed=start, image_hashes=contents)
        return select_hits(
            index.index, demands, budget=budget, leaked=leaked, seed=start, image_hashes=contents, rulings=rulings
        )

    hits, leaks = draw_without_leaks(draw, leak_checker(db, found))
    _check_size(name, arm, budget, len(hits), allow_fewer)
    leaked = {leak.sample for leak in leaks}
    selection = Selection(
        project=found.id, round=round_.id, support=name, arm=arm, budget=budget, seed=start, demands=tuple(demands),
        hits=tuple(hits), leaked=len(leaked), leaks=leaks, rulings=tuple(rulings),
        make_up=_composition(db, index, demands, hits, budget=budget, leaked=leaked, seed=start, rulings=rulings),
    )  # fmt: skip
    with db.write() as connection:
        return store.save_selection(connection, selection)


def _composition(
    db: Database,
    index: IndexedSupport | None,
    demands: Sequence[SkillDemand],
    hits: Sequence[Hit],
    *,
    budget: int,
    leaked: set[int],
    seed: int,
    rulings: Sequence[Ruling],
) -> Composition:
    with db.read() as connection:
        samples = store.samples_by_id(connection, [hit.sample for hit in hits])
    tasks = {key: sample.task for key, sample in samples.items()}
    if index is None:
        return Composition(tasks=count_by_task(hits, tasks))
    return describe_selection(
        index.index, demands, hits, budget=budget, leaked=leaked, seed=seed, rulings=rulings, tasks=tasks,
        precisions=precisions(index.name, hits, samples),
    )  # fmt: skip


def selection_or_newest(connection: Connection, project: Project, selection: int | None = None) -> Selection:
    """The project's selection of that id (None: its newest). Raises UserError when there is none."""
    known = [each.id for each in store.selections_of(connection, project.id)]
    if not known:
        raise UserError(
            f"Project '{project.name}' has no selection: make one with `switchpoint select {project.name} --budget N`."
        )
    if selection is not None and selection not in known:
        raise UserError(
            f"Project '{project.name}' has no selection {selection}: there are {', '.join(map(str, known))}."
        )
    return store.selection_of(connection, selection or max(known))


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
