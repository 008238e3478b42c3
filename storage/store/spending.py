"""Stored replies of models behind endpoints, and what each project has spent on them.

Knows neither the requests (only their hashes) nor the price of a token.
"""

from collections.abc import Iterable
from dataclasses import fields

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from core.types import Spent
from storage.rows import among, noun_of
from storage.tables.spending import replies, spending

_COUNTS = [part.name for part in fields(Spent) if part.name != "model"]


def reply_of(connection: Connection, key: str) -> str | None:
    """The reply stored under the key (a hash of the request), or None."""
    return connection.scalar(select(replies.c.reply).where(replies.c.key == key))


def replies_of(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """The replies stored under these keys, by key."""
    query = select(replies.c.key, replies.c.reply).where(among(replies.c.key, keys))
    return {row.key: row.reply for row in connection.execute(query)}


def save_reply(connection: Connection, key: str, reply: str) -> None:
    """Save a reply, in place of an older one to the same request."""
    connection.execute(insert(replies).prefix_with("OR REPLACE").values(key=key, reply=reply))


def add_spending(connection: Connection, project_id: int, spent: Spent) -> None:
    """Add requests and tokens to what the project has spent on the model."""
    added = {name: getattr(spent, name) for name in _COUNTS}
    first = insert(spending).values(project=project_id, model=spent.model, **added)
    more = {name: spending.c[name] + first.excluded[name] for name in added}
    connection.execute(first.on_conflict_do_update(index_elements=["project", "model"], set_=more))


def spending_of(connection: Connection, project_id: int) -> list[Spent]:
    """What the project has spent, one row per model, in order of name."""
    columns = [spending.c[part.name] for part in fields(Spent)]
    query = select(*columns).where(spending.c.project == project_id).order_by(spending.c.model)
    return [noun_of(Spent, row) for row in connection.execute(query)]
