"""Selections: training sets that never change once saved. Knows no rule for choosing."""

from array import array
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select

from core.errors import UserError
from core.types import Composition, Hit, Leak, Overlap, RoundId, Ruling, Selection, SkillDemand, SkillShare
from storage.rows import noun_of, values_of
from storage.store.trials import not_in_trial
from storage.tables import hits, leaks, selections

_SUMMARY = [each for each in selections.c if each.key not in ("rulings", "make_up")]
_HIT: tuple[ColumnElement[Any], ...] = (hits.c.sample, hits.c.skill, hits.c.score, hits.c.terms)


@dataclass(frozen=True, kw_only=True)
class SelectionSummary:
    """A selection without its hits; ``chosen`` is their number."""

    id: int
    project: int
    round: RoundId
    support: str
    arm: str
    budget: int
    seed: int
    demands: tuple[SkillDemand, ...]
    chosen: int
    leaked: int
    created: str


def save_selection(connection: Connection, chosen: Selection) -> Selection:
    """Store a selection and return it with its id and time. Raises UserError when it has no hits."""
    if not chosen.hits:
        raise UserError("The selection is empty: accept more skills, or choose a larger support set.")
    values = values_of(chosen)
    for name in ("hits", "leaks", "created"):
        del values[name]
    values |= {name: [asdict(each) for each in values[name]] for name in ("demands", "rulings")}
    values["make_up"] = None if chosen.make_up is None else asdict(chosen.make_up)
    stored = connection.execute(insert(selections).values(values).returning(selections.c.id)).scalar_one()
    rows = [{"selection": stored, "position": place, **values_of(hit)} for place, hit in enumerate(chosen.hits, 1)]
    connection.execute(insert(hits), rows)
    if chosen.leaks:
        connection.execute(insert(leaks), [{"selection": stored, **values_of(leak)} for leak in chosen.leaks])
    return selection_of(connection, stored)


def selection_of(connection: Connection, selection_id: int) -> Selection:
    """The selection of that id with all its hits in order. Raises UserError for an unknown id."""
    row = connection.execute(select(selections).where(selections.c.id == selection_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no selection {selection_id}: choose one from the list.")
    values = _selection_values(row) | {
        "rulings": tuple(Ruling(**each) for each in row.rulings),
        "make_up": _composition_from(row.make_up),
    }
    found = tuple(hits_page(connection, selection_id, limit=-1))
    return Selection(hits=found, leaks=tuple(leaks_of(connection, selection_id, limit=-1)), **values)


def composition_of(connection: Connection, selection_id: int) -> Composition | None:
    """The composition of a selection, None for one saved before compositions were."""
    return _composition_from(connection.scalar(select(selections.c.make_up).where(selections.c.id == selection_id)))


def leaks_of(connection: Connection, selection_id: int, *, limit: int) -> list[Leak]:
    """The leaks that a selection left out, in order of sample."""
    columns = [leaks.c[part.name] for part in fields(Leak)]
    query = select(*columns).where(leaks.c.selection == selection_id)
    return [noun_of(Leak, row) for row in connection.execute(query.order_by(leaks.c.sample, leaks.c.why).limit(limit))]


def selections_of(connection: Connection, project_id: int) -> list[SelectionSummary]:
    """The project's selections without their hits, newest first, without those of trials."""
    chosen = select(func.count()).select_from(hits).where(hits.c.selection == selections.c.id).scalar_subquery()
    mine = and_(selections.c.project == project_id, not_in_trial(selections.c.id, "selection"))
    columns: list[ColumnElement[Any]] = [*_SUMMARY, chosen.label("chosen")]
    query = select(*columns).where(mine)
    return [
        SelectionSummary(**_selection_values(row)) for row in connection.execute(query.order_by(selections.c.id.desc()))
    ]


def selected_sample_ids(connection: Connection, selection_id: int) -> "array[int]":
    """The ids of the selection's samples in the order chosen. Raises UserError for an unknown id."""
    query = select(hits.c.sample).where(hits.c.selection == selection_id).order_by(hits.c.position)
    found = array("q", connection.scalars(query))
    if not found:
        raise UserError(f"There is no selection {selection_id}: choose one from the list.")
    return found


def hits_page(connection: Connection, selection_id: int, *, after: int = 0, limit: int) -> list[Hit]:
    """The selection's hits after position ``after`` (0: from the first), in the order chosen; all of them for
    ``limit`` -1."""
    query = select(*_HIT).where(hits.c.selection == selection_id, hits.c.position > after)
    return [noun_of(Hit, row) for row in connection.execute(query.order_by(hits.c.position).limit(limit))]


def _selection_values(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | {"demands": tuple(SkillDemand(**demand) for demand in row.demands)}


def _composition_from(stored: Any) -> Composition | None:
    if stored is None:
        return None
    shares = (SkillShare(**each | {"lacking": tuple(each["lacking"])}) for each in stored["skills"])
    tasks = tuple((task, count) for task, count in stored["tasks"])
    return Composition(
        skills=tuple(shares), tasks=tasks, overlaps=tuple(Overlap(**each) for each in stored["overlaps"])
    )
