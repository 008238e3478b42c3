"""Selections: training sets that never change once they are saved. Knows no rule for choosing."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select

from core.errors import UserError
from core.types import Hit, Selection, SkillDemand
from storage.rows import noun_of, values_of
from storage.store.trials import of_no_trial
from storage.tables import hits, selections

_HIT: tuple[ColumnElement[Any], ...] = (hits.c.sample, hits.c.skill, hits.c.score, hits.c.terms)


@dataclass(frozen=True, kw_only=True)
class SelectionSummary:
    """A selection without its hits, of which there are ``chosen``."""

    id: int
    project: int
    round: int
    support: str
    arm: str
    budget: int
    seed: int
    demands: tuple[SkillDemand, ...]
    chosen: int
    leaked: int
    created: str


def save_selection(c: Connection, chosen: Selection) -> Selection:
    """Store a selection and return it with its id and time. Raises UserError when it has no hits."""
    if not chosen.hits:
        raise UserError("The selection is empty: accept more skills, or choose a larger support set.")
    values = values_of(chosen) | {"demands": [asdict(demand) for demand in chosen.demands]}
    values.pop("hits")
    values.pop("created")
    stored = c.execute(insert(selections).values(values).returning(selections.c.id)).scalar_one()
    rows = [{"selection": stored, "position": place, **values_of(hit)} for place, hit in enumerate(chosen.hits, 1)]
    c.execute(insert(hits), rows)
    return selection(c, stored)


def selection(c: Connection, selection_id: int) -> Selection:
    """The selection of that id with all its hits in order. Raises UserError when there is none."""
    row = c.execute(select(selections).where(selections.c.id == selection_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no selection {selection_id}: choose one from the list.")
    return Selection(hits=tuple(_hits(c, selection_id, after=0, limit=-1)), **_values(row))


def selections_of(c: Connection, project_id: int) -> list[SelectionSummary]:
    """The project's selections without their hits, newest first; those of trials are not among them."""
    chosen = select(func.count()).select_from(hits).where(hits.c.selection == selections.c.id).scalar_subquery()
    mine = and_(selections.c.project == project_id, of_no_trial(selections.c.id, "selection"))
    query = select(selections, chosen.label("chosen")).where(mine)
    return [SelectionSummary(**_values(row)) for row in c.execute(query.order_by(selections.c.id.desc()))]


def hits_page(c: Connection, selection_id: int, *, after: int = 0, limit: int) -> list[Hit]:
    """The selection's hits after place ``after`` (0: from the first), in the order chosen."""
    return _hits(c, selection_id, after=after, limit=limit)


def _hits(c: Connection, selection_id: int, *, after: int, limit: int) -> list[Hit]:
    query = select(*_HIT).where(hits.c.selection == selection_id, hits.c.position > after)
    return [noun_of(Hit, row) for row in c.execute(query.order_by(hits.c.position).limit(limit))]


def _values(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | {"demands": tuple(SkillDemand(**demand) for demand in row.demands)}
