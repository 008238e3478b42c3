"""Copies of a database while others write to it: one moment of it, whole or reduced to one project.

What belongs to one machine stays behind: who is logged in, uploads that wait, and which process does a job. Knows
tables and how they refer to each other; nothing of the files that adapters lie in.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from storage.database import FILE_NAME

PAGES_PER_STEP = 2000
# Who is logged in; and, left out where one project is for others, who may log in.
SESSION_TABLES, LOGIN_TABLES = ("sessions", "attempts"), ("logins",)


@dataclass(frozen=True, kw_only=True)
class DatabaseCopy:
    """What a copy holds: its schema, the names of its ``projects``, the ids of its ``runs`` and the adapter of each
    ("" while it has none), and how many images are ``referenced`` only: they lie in files outside of the database."""

    schema: str
    projects: tuple[str, ...]
    runs: dict[int, str]
    referenced: int


def copy_database(
    data: Path, target: Path, *, project: str = "", with_images: bool = False, on_progress: Callable[[int, int], None]
) -> DatabaseCopy:
    """Copy the database in ``data`` to the new file ``target``, as it is at one moment; writers go on meanwhile.

    With ``project`` all that belongs to others is left out, down to support sets that it does not use. ``with_images``
    brings images that lie in files into the copy; ``on_progress`` is called with the pages copied and in all. Raises
    UserError when there is no such project, or an image that is to be brought in cannot be read.
    """
    with contextlib.closing(sqlite3.connect(data / FILE_NAME, isolation_level=None)) as source:
        source.execute("BEGIN")
        # Reading pins the moment: without that, every write of another process would begin the copy anew.
        if project and not source.execute("SELECT 1 FROM projects WHERE name = ?", [project]).fetchone():
            raise UserError(f"There is no project '{project}': `switchpoint status` lists those there are.")
        source.execute("SELECT count(*) FROM projects").fetchone()
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
            source.backup(copy, pages=PAGES_PER_STEP, progress=lambda _, left, total: on_progress(total - left, total))
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("PRAGMA secure_delete = ON")
            copy.execute("BEGIN")
            _leave_behind(copy)
            if project:
                _keep_one(copy, project)
            if with_images:
                _bring_images(copy)
            copy.execute("COMMIT")
            if project:
                copy.execute("VACUUM")
            return _what_is_in(copy)


def _leave_behind(copy: sqlite3.Connection) -> None:
    _empty(copy, SESSION_TABLES)
    copy.execute("DELETE FROM pending_imports WHERE upload <> ''")
    # Under another roof the same process id means another process.
    copy.execute("UPDATE jobs SET state = 'interrupted', worker = '', pid = NULL, pid_start = NULL "
                 "WHERE state = 'running'")  # fmt: skip


def _keep_one(copy: sqlite3.Connection, project: str) -> None:
    triggers = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:  # they forbid to delete reviews, and count what is deleted
        copy.execute(f'DROP TRIGGER "{name}"')
    _empty(copy, LOGIN_TABLES)
    copy.execute("DELETE FROM projects WHERE name <> ?", [project])
    copy.execute("DELETE FROM jobs WHERE project IS NULL")
    copy.execute("DELETE FROM pending_imports WHERE project IS NULL")
    copy.execute("DELETE FROM replies")  # they do not say which project asked
    _drop_orphans(copy)
    copy.execute("""DELETE FROM sample_sets WHERE project IS NULL
        AND name NOT IN (SELECT json_extract(settings, '$.support') FROM projects UNION SELECT support FROM selections)
        AND id NOT IN (SELECT samples.sample_set FROM hits JOIN samples ON samples.id = hits.sample)
        AND id NOT IN (SELECT samples.sample_set FROM rulings JOIN samples ON samples.id = rulings.sample)""")
    _drop_orphans(copy)
    copy.execute("DELETE FROM images WHERE hash NOT IN (SELECT image FROM samples WHERE image IS NOT NULL)")
    copy.execute("""DELETE FROM labels WHERE id NOT IN (SELECT skill_label FROM samples WHERE skill_label IS NOT NULL)
        AND id NOT IN (SELECT label FROM label_checks)""")
    copy.execute("""DELETE FROM case_texts
        WHERE CAST(substr(scope, 2, instr(scope, ' ') - 2) AS INTEGER) NOT IN (SELECT id FROM rounds)""")
    for _, statement in triggers:
        copy.execute(statement)


def _drop_orphans(copy: sqlite3.Connection) -> None:
    """Delete the rows whose project, round, sample … is gone, and then what referred to those, until nothing does."""
    tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    # Names of the schema, none of a person's.
    referring = [f'DELETE FROM "{name}" WHERE {found}' for name in tables if (found := _orphaned(copy, name))]  # nosec B608
    while sum(copy.execute(statement).rowcount for statement in referring):
        pass


def _orphaned(copy: sqlite3.Connection, table: str) -> str:
    """What is true of a row of the table that refers to one which is not there; "" where it refers to none."""
    keys: dict[int, list[tuple[str, str, str]]] = {}
    for key, _, parent, child, column, *_ in copy.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
        keys.setdefault(key, []).append((parent, child, column))
    conditions = []
    for parts in keys.values():
        given = " AND ".join(f'"{table}"."{child}" IS NOT NULL' for _, child, _ in parts)
        same = " AND ".join(f'parent."{column}" = "{table}"."{child}"' for _, child, column in parts)
        conditions.append(f'({given} AND NOT EXISTS (SELECT 1 FROM "{parts[0][0]}" AS parent WHERE {same}))')  # nosec B608
    return " OR ".join(conditions)


def _bring_images(copy: sqlite3.Connection) -> None:
    """They keep their keys, by which samples name them; the hash of their content is kept beside."""
    keys = [key for (key,) in copy.execute("SELECT hash FROM images WHERE path IS NOT NULL").fetchall()]
    for key in keys:
        (path,) = copy.execute("SELECT path FROM images WHERE hash = ?", [key]).fetchone()
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UserError(
                f"The image {path} cannot be read ({error.strerror}): put it back there, or leave out --with-images."
            ) from error
        found = (content, hashlib.sha256(content).hexdigest(), key)
        copy.execute("UPDATE images SET content = ?, content_hash = ?, path = NULL, stamp = '' WHERE hash = ?", found)


def _empty(copy: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    for name in there.intersection(tables):
        copy.execute(f'DELETE FROM "{name}"')  # nosec B608


def _what_is_in(copy: sqlite3.Connection) -> DatabaseCopy:
    return DatabaseCopy(
        schema=copy.execute("SELECT version_num FROM alembic_version").fetchone()[0],
        projects=tuple(name for (name,) in copy.execute("SELECT name FROM projects ORDER BY id").fetchall()),
        runs={key: adapter or "" for key, adapter in copy.execute("SELECT id, adapter FROM runs").fetchall()},
        referenced=copy.execute("SELECT count(*) FROM images WHERE path IS NOT NULL").fetchone()[0],
    )
