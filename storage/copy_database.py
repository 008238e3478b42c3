"""Copies a database while others write to it: a snapshot of all of it or of one project.

What belongs to one machine is left out: sessions, waiting uploads, and which process runs a job. Knows tables and
foreign keys, not the adapters' files.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.own_files import refuse_database
from storage.connections import connect
from storage.database import FILE_NAME

PAGES_PER_STEP = 2000
# A copy leaves out who is signed in; a copy of one project, which others will read, also who may sign in.
SESSION_TABLES, LOGIN_TABLES = ("sessions", "attempts"), ("logins",)


@dataclass(frozen=True, kw_only=True)
class DatabaseCopy:
    """The contents of a copy: its schema version, project names, and the adapter of each run by id ("" where there is
    none). ``referenced`` counts the images that are only references to files outside the database."""

    schema: str
    projects: tuple[str, ...]
    runs: dict[int, str]
    referenced: int


def copy_database(
    data: Path, target: Path, *, project: str = "", with_images: bool = False, on_progress: Callable[[int, int], None]
) -> DatabaseCopy:
    """Copy the database in ``data`` to the new file ``target``, as of one moment; writers are not blocked.

    With ``project`` only that project is copied, with the support sets that it uses. ``with_images`` embeds images that
    are stored as files; ``on_progress`` gets the number of pages copied and the total. Raises UserError when there is
    no such project, or an image file cannot be read.
    """
    with contextlib.closing(connect(data / FILE_NAME)) as source:
        source.execute("BEGIN")
        # The read transaction holds the snapshot: otherwise each write of another process restarts the copy.
        if project and not source.execute("SELECT 1 FROM projects WHERE name = ?", [project]).fetchone():
            raise UserError(f"There is no project '{project}': `switchpoint status` lists those there are.")
        source.execute("SELECT count(*) FROM projects").fetchone()
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
            source.backup(copy, pages=PAGES_PER_STEP, progress=lambda _, left, total: on_progress(total - left, total))
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("PRAGMA secure_delete = ON")
            copy.execute("BEGIN")
            _clear_machine_state(copy)
            if project:
                _keep_project(copy, project)
            if with_images:
                _embed_images(copy)
            copy.execute("COMMIT")
            if project:
                copy.execute("VACUUM")
            return _summary(copy)


def _clear_machine_state(copy: sqlite3.Connection) -> None:
    _clear_tables(copy, SESSION_TABLES)
    copy.execute("DELETE FROM pending_imports WHERE upload <> ''")
    # On another machine the same process id is another process.
    copy.execute("UPDATE jobs SET state = 'interrupted', worker = '', pid = NULL, pid_start = NULL "
                 "WHERE state = 'running'")  # fmt: skip


def _keep_project(copy: sqlite3.Connection, project: str) -> None:
    triggers = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:  # they forbid deleting reviews and count deleted rows
        copy.execute(f'DROP TRIGGER "{name}"')
    _clear_tables(copy, LOGIN_TABLES)
    copy.execute("DELETE FROM projects WHERE name <> ?", [project])
    copy.execute("DELETE FROM jobs WHERE project IS NULL")
    copy.execute("DELETE FROM pending_imports WHERE project IS NULL")
    copy.execute("DELETE FROM replies")  # a reply does not record its project
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
    """Delete rows whose foreign keys refer to deleted rows, repeatedly until none is left."""
    tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    # Names from the schema, not from a user.
    referring = [f'DELETE FROM "{name}" WHERE {found}' for name in tables if (found := _orphan_condition(copy, name))]  # nosec B608
    while sum(copy.execute(statement).rowcount for statement in referring):
        pass


def _orphan_condition(copy: sqlite3.Connection, table: str) -> str:
    """The SQL condition for rows of the table with a dangling foreign key; "" for a table without foreign keys."""
    keys: dict[int, list[tuple[str, str, str]]] = {}
    for key, _, parent, child, column, *_ in copy.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
        keys.setdefault(key, []).append((parent, child, column))
    conditions = []
    for parts in keys.values():
        given = " AND ".join(f'"{table}"."{child}" IS NOT NULL' for _, child, _ in parts)
        same = " AND ".join(f'parent."{column}" = "{table}"."{child}"' for _, child, column in parts)
        conditions.append(f'({given} AND NOT EXISTS (SELECT 1 FROM "{parts[0][0]}" AS parent WHERE {same}))')  # nosec B608
    return " OR ".join(conditions)


def _embed_images(copy: sqlite3.Connection) -> None:
    """Images keep their keys, which samples refer to; the hash of the content is stored beside."""
    keys = [key for (key,) in copy.execute("SELECT hash FROM images WHERE path IS NOT NULL").fetchall()]
    for key in keys:
        (path,) = copy.execute("SELECT path FROM images WHERE hash = ?", [key]).fetchone()
        refuse_database(path)
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise UserError(
                f"The image {path} cannot be read ({error.strerror}): put it back there, or leave out --with-images."
            ) from error
        found = (content, hashlib.sha256(content).hexdigest(), key)
        copy.execute("UPDATE images SET content = ?, content_hash = ?, path = NULL, stamp = '' WHERE hash = ?", found)


def _clear_tables(copy: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    for name in there.intersection(tables):
        copy.execute(f'DELETE FROM "{name}"')  # nosec B608


def _summary(copy: sqlite3.Connection) -> DatabaseCopy:
    return DatabaseCopy(
        schema=copy.execute("SELECT version_num FROM alembic_version").fetchone()[0],
        projects=tuple(name for (name,) in copy.execute("SELECT name FROM projects ORDER BY id").fetchall()),
        runs={key: adapter or "" for key, adapter in copy.execute("SELECT id, adapter FROM runs").fetchall()},
        referenced=copy.execute("SELECT count(*) FROM images WHERE path IS NOT NULL").fetchone()[0],
    )
