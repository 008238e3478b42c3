"""Throws an unfinished part of a support set away. Knows which rows belong to it, and nothing of imports."""

import sqlite3
from contextlib import closing

from storage.database import FILE_NAME, Database
from storage.migrations import BUSY_SECONDS

ROWS_PER_DELETE = 20_000
DELETE_SAMPLES = """DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE sample_set = (
    SELECT id FROM sample_sets WHERE id = ? AND NOT complete) LIMIT ?)"""


def drop_part(db: Database, part: int) -> None:
    """Delete an unfinished part with its samples, some thousands a transaction; a complete one stays.

    On a connection of its own, which does not look for rows that refer to the samples: nothing can refer to what nobody
    has seen, and to look would cost a walk through every hit and prediction for each of them.
    """
    with closing(sqlite3.connect(db.data / FILE_NAME, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        while connection.execute(DELETE_SAMPLES, (part, ROWS_PER_DELETE)).rowcount:
            pass
        connection.execute("DELETE FROM sample_sets WHERE id = ? AND NOT complete", (part,))
