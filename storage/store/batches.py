"""Batch API jobs at an endpoint: their state, their requests and their answers.

Every function is one step of a batch, so that a process killed between two steps loses nothing. Knows neither the
requests (only their hashes) nor the price of a token.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from core.types import BatchItem, BatchRequest, Spent
from storage.rows import among, noun_of, values_of
from storage.store.spending import add_spending
from storage.tables import batched_requests as requests
from storage.tables import batches
from storage.tables.columns import utc_now
from storage.tables.spending import replies

_BATCH = [batches.c[part.name] for part in fields(BatchRequest)]
_REQUEST = [requests.c[part.name] for part in fields(BatchItem)]
Reply = tuple[str, int, int]


def begin_batch(connection: Connection, batch: BatchRequest, keys: Sequence[str]) -> BatchRequest:
    """Save a new batch with the requests of these keys, which count as under way from now on."""
    now = utc_now()
    values = values_of(batch) | {"created": now, "moved": now}
    made = noun_of(BatchRequest, connection.execute(insert(batches).values(**values).returning(*_BATCH)).one())
    asked = {"project": made.project, "batch": made.id}
    query = insert_or(requests).on_conflict_do_update(index_elements=["key"], set_=asked)
    if keys:
        connection.execute(query, [{"key": key, "tries": 0, "error": "", **asked} for key in keys])
    return made


def advance_batch(connection: Connection, id: int, **changes: Any) -> BatchRequest:
    """Set ``state``, ``remote``, ``done``, ``failed`` or ``error`` of a batch that is not collected yet, and return
    it."""
    here = batches.c.id == id
    moved = connection.scalar(select(batches.c.state).where(here)) != changes.get("state")
    if moved:
        changes["moved"] = utc_now()
    connection.execute(update(batches).where(here, batches.c.collected.is_(None)).values(**changes))
    return noun_of(BatchRequest, connection.execute(select(*_BATCH).where(here)).one())


def drop_batch(connection: Connection, id: int) -> None:
    """Delete a batch that the endpoint never created; its requests are open again."""
    release_requests(connection, id)
    connection.execute(delete(batches).where(batches.c.id == id))


def batches_of(connection: Connection, project: int, *, limit: int = 100) -> list[BatchRequest]:
    """The project's batches, newest first."""
    query = select(*_BATCH).where(batches.c.project == project).order_by(batches.c.id.desc()).limit(limit)
    return [noun_of(BatchRequest, row) for row in connection.execute(query)]


def batches_under_way(connection: Connection) -> list[BatchRequest]:
    """The batches of all projects that are not collected yet, oldest first; they are few."""
    query = select(*_BATCH).where(batches.c.collected.is_(None)).order_by(batches.c.id)
    return [noun_of(BatchRequest, row) for row in connection.execute(query)]


def spending_under_way(connection: Connection, project: int) -> list[Spent]:
    """What the project's batches that are not collected yet may cost, one row per model."""
    sums = [func.sum(batches.c[name]) for name in ("requests", "tokens_in", "tokens_out")]
    here = (batches.c.collected.is_(None), batches.c.project == project)
    found = connection.execute(select(batches.c.model, *sums).where(*here).group_by(batches.c.model))
    return [
        Spent(model=model, requests=asked, tokens_in=to, tokens_out=back, batch_in=to, batch_out=back)
        for model, asked, to, back in found
    ]


def requests_in_batches(connection: Connection, keys: Iterable[str]) -> dict[str, BatchItem]:
    """The requests of these keys that were sent in batches and have no answer, by key."""
    query = select(*_REQUEST).where(among(requests.c.key, keys))
    return {row.key: noun_of(BatchItem, row) for row in connection.execute(query)}


def save_answers(connection: Connection, batch: BatchRequest, answers: Mapping[str, Reply]) -> int:
    """Save and count replies, given by key with their tokens in and out; returns how many were new.

    A reply whose request is not open in this batch was saved before: it is neither saved nor counted again.
    """
    query = select(requests.c.key).where(requests.c.batch == batch.id, among(requests.c.key, answers))
    fresh = {key: answers[key] for key in connection.scalars(query)}
    if not fresh:
        return 0
    kept = insert_or(replies).prefix_with("OR REPLACE")
    connection.execute(
        kept, [{"key": key, "reply": reply, "created": utc_now()} for key, (reply, _, _) in fresh.items()]
    )
    connection.execute(delete(requests).where(among(requests.c.key, fresh)))
    _count(connection, batch, [each[1:] for each in fresh.values()])
    return len(fresh)


def count_unanswered(connection: Connection, batch: BatchRequest, billed: Mapping[str, tuple[int, int]]) -> None:
    """Count what is billed for replies that do not count, given by key with their tokens in and out; once, as long as
    their requests are open in this batch."""
    query = select(requests.c.key).where(requests.c.batch == batch.id, among(requests.c.key, billed))
    fresh = [billed[key] for key in connection.scalars(query)]
    if fresh:
        _count(connection, batch, fresh)


def _count(connection: Connection, batch: BatchRequest, billed: Sequence[tuple[int, int]]) -> None:
    to, back = sum(each[0] for each in billed), sum(each[1] for each in billed)
    counted = {"tokens_in": to, "tokens_out": back, "batch_in": to, "batch_out": back}
    add_spending(connection, batch.project, Spent(model=batch.model, requests=len(billed), **counted))


def save_refusals(connection: Connection, batch: BatchRequest, refusals: Mapping[str, tuple[str, int]]) -> None:
    """Record requests that got no answer, given by key with the reason and how many tries that counts for."""
    for key, (why, tries) in refusals.items():
        changed = {"batch": None, "error": why, "tries": requests.c.tries + tries}
        connection.execute(
            update(requests).where(requests.c.key == key, requests.c.batch == batch.id).values(**changed)
        )


def release_requests(connection: Connection, id: int, *, tries: int = 0, error: str = "") -> None:
    """Take the open requests out of a batch, so that they are open for another one, with ``tries`` more tries."""
    changed: dict[str, Any] = {"batch": None, "tries": requests.c.tries + tries}
    connection.execute(
        update(requests).where(requests.c.batch == id).values(**changed, **({"error": error} if error else {}))
    )


def finish_batch(connection: Connection, id: int) -> None:
    """Mark a batch as collected: all its answers were saved."""
    connection.execute(update(batches).where(batches.c.id == id).values(collected=utc_now()))
