"""What a restored database may name: a backup may come from anyone, and its rows must not lead to this machine's files.

Where the folders allow it a path stays. Else an image is looked for in a folder of the new data directory, where a
person can put it; an import that waits is given up, and so is a job that would send a key to an address before anybody
has looked at that. Knows the rows that hold paths and names of models.
"""

import json
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.security.file_roots import resolve_inside
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from storage.database import FILE_NAME, open_database

OUTSIDE = "outside"
ROWS_PER_QUERY = 1000
IMAGES_QUERY = "SELECT rowid, path FROM images WHERE path IS NOT NULL AND rowid >= ? ORDER BY rowid LIMIT ?"
SQLITE_TABLES = {("table", name) for name in ("sqlite_sequence", "sqlite_stat1", "sqlite_stat4")}


@dataclass(kw_only=True)
class SanitizeReport:
    """The folders that may be read below; ``images`` and ``imports`` count what named others, ``first`` is one such,
    and ``asking`` the models behind endpoints that waiting jobs would ask."""

    roots: Sequence[Path]
    images: int = 0
    imports: int = 0
    first: str = ""
    asking: set[str] = field(default_factory=set)
    _folders: dict[str, bool] = field(default_factory=dict)

    def is_allowed(self, path: str) -> bool:
        """Whether it is a full path that lies below one of the folders, wherever links lead."""
        if not path.startswith("/") or "\x00" in path or ".." in path.split("/"):
            return False
        if os.path.islink(path):
            return self._below(path)
        folder = os.path.dirname(path)
        if folder not in self._folders:  # a million images lie in few folders
            self._folders[folder] = self._below(folder)
        return self._folders[folder]

    def _below(self, path: str) -> bool:
        try:
            resolve_inside(Path(path), self.roots)
        except (UserError, ValueError):
            return False
        return True


def sanitize(database: Path, data: Path, roots: Sequence[Path]) -> SanitizeReport:
    """Change the rows of the file ``database``, which is to lie in ``data``, that name what is outside of ``roots``."""
    named = SanitizeReport(roots=roots)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        _move_images(connection, data, named)
        _give_up_imports(connection, named)
        _give_up_asking(connection, named)
        connection.execute("COMMIT")
    return named


def foreign_object(database: Path) -> str:
    """The name of a table, trigger or view that no database of this schema has; "" where there is none.

    A trigger could change rows back that were looked at.
    """
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        ours = _objects(Path(folder) / FILE_NAME)
    return min((name for _, name, _ in _objects(database) - ours), default="")


def _objects(database: Path) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {each for each in found if each[:2] not in SQLITE_TABLES}


def outside_summary(named: SanitizeReport, data: Path) -> str:
    """What was changed and what a person can do about it, in a sentence; "" where nothing was."""
    said = ""
    if named.images:
        said = (
            f"{named.images:,} images name files outside of the folders that may be read, the first {named.first}: "
            f"they are looked for in {data / OUTSIDE} instead. Put them there, or restore once more with "
            "SWITCHPOINT_ROOTS naming their folder."
        )
    if named.imports:
        said += f" {named.imports:,} imports that waited name such files: they were given up."
    if named.asking:
        said += (
            f" Jobs that waited would ask {', '.join(sorted(named.asking)[:5])}: they were given up. Look whether your "
            "key may go there, then ask for them again."
        )
    return said.strip()


def _move_images(connection: sqlite3.Connection, data: Path, named: SanitizeReport) -> None:
    following = -(2**63)
    while rows := connection.execute(IMAGES_QUERY, (following, ROWS_PER_QUERY)).fetchall():
        following, moved = rows[-1][0] + 1, []
        for key, given in rows:
            path = given if isinstance(given, str) else repr(given)
            if isinstance(given, str) and named.is_allowed(path):
                continue
            named.first = named.first or path
            moved.append((str(data / OUTSIDE / _harmless(path)), key))
        named.images += len(moved)
        connection.executemany("UPDATE images SET path = ?, content_hash = NULL, stamp = '' WHERE rowid = ?", moved)


def _harmless(path: str) -> str:
    """The path as one that leads only down."""
    parts = [part for part in path.replace("\x00", "").split("/") if part not in ("", ".", "..")]
    return os.path.join(*parts) if parts else "nameless"


def _give_up_imports(connection: sqlite3.Connection, named: SanitizeReport) -> None:
    """Looks and imports read the file that they name and show what is in it."""
    looks = connection.execute("SELECT id, request FROM pending_imports").fetchall()
    jobs = connection.execute(
        "SELECT id, args FROM jobs WHERE kind = 'import' AND state IN ('queued', 'interrupted')"
    ).fetchall()
    given_up = [key for key, request in looks if not _may_be_read(request, named)]
    ended = [key for key, args in jobs if not _may_be_read(args, named)]
    connection.executemany("DELETE FROM pending_imports WHERE id = ?", [(key,) for key in given_up])
    said = "The file to import lies outside of the folders that may be read: import it again from where it is now."
    connection.executemany("UPDATE jobs SET state = 'failed', error = ? WHERE id = ?", [(said, key) for key in ended])
    named.imports = len(given_up) + len(ended)


def _give_up_asking(connection: sqlite3.Connection, named: SanitizeReport) -> None:
    """The worker would take such a job up by itself, and send the key of this machine to whatever address is there."""
    waiting = connection.execute("""SELECT jobs.id, projects.student, projects.teacher FROM jobs
        JOIN projects ON projects.id = jobs.project WHERE jobs.state IN ('queued', 'interrupted')""").fetchall()
    for key, *models in waiting:
        if asked := {str(name) for name in models if _is_elsewhere(str(name))}:
            named.asking |= asked
            said = "This job came with a backup and would ask a model elsewhere: look at its address, then ask again."
            connection.execute("UPDATE jobs SET state = 'failed', error = ? WHERE id = ?", (said, key))


def _is_elsewhere(model: str) -> bool:
    try:
        return parse_endpoint(model) is not None
    except UserError:  # half a name of one
        return True


def _may_be_read(request: Any, named: SanitizeReport) -> bool:
    try:
        found = json.loads(request)
        paths = [str(found.get(name) or "") for name in ("path", "images")]
    except (ValueError, TypeError, AttributeError):
        return False
    return all(not path or path.startswith("hf:") or named.is_allowed(path) for path in paths)
