"""Drafts of reviews: one per reviewer and case, deleted with the verdict."""

from sqlalchemy import ColumnElement, Connection, and_, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.errors import UserError
from core.types import Draft, RoundId
from storage.rows import noun_of, values_of
from storage.store.predictions import prediction_of
from storage.store.reviews import check_texts
from storage.tables import drafts
from storage.tables.columns import utc_now


def save_draft(connection: Connection, draft: Draft) -> Draft:
    """Save a draft in place of the reviewer's earlier one on the case; returned with its time.

    Raises UserError for an unknown case or step, or a text that is too long.
    """
    found = prediction_of(connection, draft.round, draft.sample)
    if found is None:
        raise UserError(f"Round {draft.round} has no prediction for sample {draft.sample}: choose one from the list.")
    check_texts(draft)
    if draft.mistake_step is not None and not 1 <= draft.mistake_step <= len(found.steps):
        raise UserError(f"There is no step {draft.mistake_step}: choose one from 1 to {len(found.steps)}.")
    values = values_of(draft) | {"created": utc_now()}
    query = insert(drafts).values(values)
    kept = query.on_conflict_do_update(index_elements=list(drafts.primary_key), set_=values).returning(*drafts.c)
    return noun_of(Draft, connection.execute(kept).one())


def draft_of(connection: Connection, round_id: RoundId, sample_id: int, reviewer: str) -> Draft | None:
    """The reviewer's draft on the case, if there is one."""
    row = connection.execute(select(*drafts.c).where(_of(round_id, sample_id, reviewer))).one_or_none()
    return None if row is None else noun_of(Draft, row)


def drop_draft(connection: Connection, round_id: RoundId, sample_id: int, reviewer: str) -> None:
    """Delete the reviewer's draft on the case."""
    connection.execute(delete(drafts).where(_of(round_id, sample_id, reviewer)))


def _of(round_id: RoundId, sample_id: int, reviewer: str) -> ColumnElement[bool]:
    return and_(drafts.c.round == round_id, drafts.c.sample == sample_id, drafts.c.reviewer == reviewer)
