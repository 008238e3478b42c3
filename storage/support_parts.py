"""Deletes unfinished parts of support sets."""

from contextlib import closing

from storage.connections import connect
from storage.database import FILE_NAME, Database

ROWS_PER_DELETE = 20_000
DELETE_SAMPLES = """DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE sample_set = (
    SELECT id FROM sample_sets WHERE id = ? AND NOT complete) LIMIT ?)"""


def drop_part(db: Database, part: int) -> None:
    """Delete an unfinished part and its samples, some thousands per transaction; a complete part stays.

    Uses a separate connection without foreign key checks: nothing can refer to samples that were never visible, and the
    check would scan all hits and predictions for each of them.
    """
    db.check_identity()
    with closing(connect(db.data / FILE_NAME)) as connection:
        while connection.execute(DELETE_SAMPLES, (part, ROWS_PER_DELETE)).rowcount:
            pass
        connection.execute("DELETE FROM sample_sets WHERE id = ? AND NOT complete", (part,))
