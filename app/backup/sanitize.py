"""Sanitizes a restored database, since a backup may come from an untrusted source.

Paths inside the allowed folders stay. An image elsewhere is redirected to a folder of the new data directory; a pending
import from elsewhere is cancelled, and so is a job that would send an API key to an address that nobody has checked.
Knows the rows that hold paths and names of models.
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
from storage.identity import draw_token

OUTSIDE = "outside"
ROWS_PER_QUERY = 1000
IMAGES_QUERY = "SELECT rowid, path FROM images WHERE path IS NOT NULL AND rowid >= ? ORDER BY rowid LIMIT ?"
SQLITE_TABLES = {("table", name) for name in ("sqlite_sequence", "sqlite_stat1", "sqlite_stat4")}


@dataclass(kw_only=True)
class SanitizeReport:
    """The folders that may be read, and what was changed: the number of images and imports with paths elsewhere, the
    ``first`` such path, and the endpoint models that waiting jobs would ask (``asking``)."""

    roots: Sequence[Path]
    images: int = 0
    imports: int = 0
    first: str = ""
    asking: set[str] = field(default_factory=set)
    _folders: dict[str, bool] = field(default_factory=dict)

    def is_allowed(self, path: str) -> bool:
        """Whether it is an absolute path below one of the folders after links are resolved."""
        if not path.startswith("/") or "\x00" in path or ".." in path.split("/"):
            return False
        if os.path.islink(path):
            return self._below(path)
        folder = os.path.dirname(path)
        if folder not in self._folders:  # a million images share few folders
            self._folders[folder] = self._below(folder)
        return self._folders[folder]

    def _below(self, path: str) -> bool:
        try:
            resolve_inside(Path(path), self.roots)
        except (UserError, ValueError):
            return False
        return True


def sanitize(database: Path, data: Path, roots: Sequence[Path]) -> SanitizeReport:
    """Change the rows of the file ``database``, to be moved to ``data``, that refer to paths outside ``roots``."""
    report = SanitizeReport(roots=roots)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        draw_token(connection)  # what is restored is another database than the one that was backed up
        _move_images(connection, data, report)
        _cancel_outside_imports(connection, report)
        _cancel_endpoint_jobs(connection, report)
        connection.execute("COMMIT")
    return report


def foreign_object(database: Path) -> str:
    """The name of a table, trigger or view that is not part of this schema; "" where there is none.

    A trigger could revert the sanitized rows.
    """
    with tempfile.TemporaryDirectory() as folder:
        open_database(Path(folder)).close()
        schema = _objects(Path(folder) / FILE_NAME)
    return min((name for _, name, _ in _objects(database) - schema), default="")


def _objects(database: Path) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {each for each in found if each[:2] not in SQLITE_TABLES}


def outside_summary(report: SanitizeReport, data: Path) -> str:
    """What was changed and what to do about it, in sentences; "" where nothing was."""
    said = ""
    if report.images:
        said = (
            f"{report.images:,} images name files outside of the folders that may be read, the first {report.first}: "
            f"they are looked for in {data / OUTSIDE} instead. Put them there, or restore once more with "
            "SWITCHPOINT_ROOTS naming their folder."
        )
    if report.imports:
        said += f" {report.imports:,} imports that waited name such files: they were given up."
    if report.asking:
        said += (
            f" Jobs that waited would ask {', '.join(sorted(report.asking)[:5])}: they were given up. Look whether "
            "your key may go there, then ask for them again."
        )
    return said.strip()


def _move_images(connection: sqlite3.Connection, data: Path, report: SanitizeReport) -> None:
    next_row = -(2**63)
    while rows := connection.execute(IMAGES_QUERY, (next_row, ROWS_PER_QUERY)).fetchall():
        next_row, moved = rows[-1][0] + 1, []
        for key, stored in rows:
            path = stored if isinstance(stored, str) else repr(stored)
            if isinstance(stored, str) and report.is_allowed(path):
                continue
            report.first = report.first or path
            moved.append((str(data / OUTSIDE / _relative_path(path)), key))
        report.images += len(moved)
        connection.executemany("UPDATE images SET path = ?, content_hash = NULL, stamp = '' WHERE rowid = ?", moved)


def _relative_path(path: str) -> str:
    """The path as a relative one without ".."."""
    parts = [part for part in path.replace("\x00", "").split("/") if part not in ("", ".", "..")]
    return os.path.join(*parts) if parts else "nameless"


def _cancel_outside_imports(connection: sqlite3.Connection, report: SanitizeReport) -> None:
    """Cancel previews and imports of files elsewhere, which would show the content of those files."""
    previews = connection.execute("SELECT id, request FROM pending_imports").fetchall()
    jobs = connection.execute(
        "SELECT id, args FROM jobs WHERE kind = 'import' AND state IN ('queued', 'interrupted')"
    ).fetchall()
    given_up = [key for key, request in previews if not _is_readable(request, report)]
    ended = [key for key, args in jobs if not _is_readable(args, report)]
    connection.executemany("DELETE FROM pending_imports WHERE id = ?", [(key,) for key in given_up])
    said = "The file to import lies outside of the folders that may be read: import it again from where it is now."
    connection.executemany("UPDATE jobs SET state = 'failed', error = ? WHERE id = ?", [(said, key) for key in ended])
    report.imports = len(given_up) + len(ended)


def _cancel_endpoint_jobs(connection: sqlite3.Connection, report: SanitizeReport) -> None:
    """Cancel waiting jobs of endpoint models: the worker would send this machine's API key to the backup's address."""
    waiting = connection.execute("""SELECT jobs.id, projects.student, projects.teacher FROM jobs
        JOIN projects ON projects.id = jobs.project WHERE jobs.state IN ('queued', 'interrupted')""").fetchall()
    for key, *models in waiting:
        if asked := {str(name) for name in models if _is_endpoint(str(name))}:
            report.asking |= asked
            said = "This job came with a backup and would ask a model elsewhere: look at its address, then ask again."
            connection.execute("UPDATE jobs SET state = 'failed', error = ? WHERE id = ?", (said, key))


def _is_endpoint(model: str) -> bool:
    try:
        return parse_endpoint(model) is not None
    except UserError:  # an incomplete endpoint name
        return True


def _is_readable(request: Any, report: SanitizeReport) -> bool:
    try:
        found = json.loads(request)
        paths = [str(found.get(name) or "") for name in ("path", "images")]
    except (ValueError, TypeError, AttributeError):
        return False
    return all(not path or path.startswith("hf:") or report.is_allowed(path) for path in paths)
