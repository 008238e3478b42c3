"""Upgrades a database file to the newest schema, in one transaction.

A new version is a file ``versions/NNNN_what.py`` with ``revision``, ``down_revision`` and ``upgrade()``, in SQL or
Alembic operations. The resulting tables must equal ``storage.tables`` (a test compares them).
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

from core.errors import UserError
from storage.connections import connect
from storage.identity import ensure_token


def upgrade(path: Path, folder: Path = Path(__file__).parent) -> None:
    """Run the versions in ``folder`` that the file lacks, in one transaction: a failure leaves the file unchanged.

    An existing file is copied first (``switchpoint.db.before-NNNN``), since the Switchpoint that wrote it refuses the
    newer schema. Processes that open a new file at the same time wait for one another. Raises UserError when a newer
    Switchpoint wrote the file.
    """
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    # Foreign keys stay off, since a version may rebuild a table that others refer to; they are checked before the
    # commit.
    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if _is_newest(connection, script):
                return
        with engine.begin() as connection:
            # IMMEDIATE, so that a process that waited for another's migration then reads the new version.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if _is_newest(connection, script):
                return
            if MigrationContext.configure(connection).get_current_revision() is not None:
                _copy_before_upgrade(path, str(script.get_current_head()))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            ensure_token(connection.connection.driver_connection)  # type: ignore[arg-type]  # sqlite3's
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if orphans:
                raise RuntimeError(f"the migration leaves rows without what they refer to: {orphans[:5]}")
    finally:
        engine.dispose()


def _copy_before_upgrade(path: Path, version: str) -> None:
    """Copy the database, replacing an earlier copy. The caller holds the write lock, so it does not change."""
    kept = path.with_name(f"{path.name}.before-{version}")
    half = path.with_name(f"{kept.name}.part")
    half.unlink(missing_ok=True)
    try:
        with closing(connect(path)) as source, closing(sqlite3.connect(half)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        half.rename(kept)
    finally:
        for left in path.parent.glob(f"{half.name}*"):
            left.unlink()
    for older in path.parent.glob(f"{path.name}.before-*"):
        if older != kept:
            older.unlink()


def _is_newest(connection: Connection, script: ScriptDirectory) -> bool:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {known.revision for known in script.walk_revisions()}:
        raise UserError(
            f"A newer Switchpoint (schema {found}) wrote this data: update Switchpoint, or choose another --data."
        )
    return found == script.get_current_head()
